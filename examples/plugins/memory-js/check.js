// The machine has memory enough.
import { settings } from 'kubephase:plugin/input@0.1.0';
import { nodeFact } from 'kubephase:plugin/observe-node@0.1.0';
import { message, submit } from 'kubephase:plugin/report@0.1.0';

function check() {
  const { atLeastMib } = JSON.parse(settings());
  const mib = JSON.parse(nodeFact('memoryMib') ?? '0');
  const enough = mib >= atLeastMib;
  submit({
    code: 'MemoryJs',
    verdict: enough ? 'pass' : 'fail',
    summary: `${mib} MiB of memory, ${atLeastMib} are wanted`,
    evidence: [['memoryMib', String(mib)]],
    remedy: enough ? undefined : 'use a larger machine, or ask for less in the settings',
    url: undefined,
  });
}

export const phase = {
  describe: () => ({ name: 'memory-js', summary: 'The machine has memory enough', annotations: [] }),
  run() {
    try {
      check();
      return { tag: 'settled' };
    } catch (error) {
      // An exception that leaves the component says nothing of itself.
      message('error', String(error?.stack ?? error));
      throw { code: 'failed', message: String(error), retryable: false, remedy: undefined };
    }
  },
};
