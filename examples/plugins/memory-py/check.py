"""The machine has memory enough."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import input, observe_node, report, types


def check():
    at_least = json.loads(input.settings())["atLeastMib"]
    mib = json.loads(observe_node.node_fact("memoryMib") or "0")
    enough = mib >= at_least
    report.submit(
        types.Finding(
            code="MemoryPy",
            verdict=types.Verdict.PASS if enough else types.Verdict.FAIL,
            summary=f"{mib} MiB of memory, {at_least} are wanted",
            evidence=[("memoryMib", str(mib))],
            remedy=None if enough else "use a larger machine, or ask for less in the settings",
            url=None,
        )
    )


class Phase(exports.Phase):
    def describe(self):
        return types.PhaseInfo(name="memory-py", summary="The machine has memory enough", annotations=[])

    def run(self):
        try:
            check()
            return types.Outcome_Settled()
        except Exception as error:
            # An exception that leaves the component says nothing of itself.
            report.message(types.Severity.ERROR, repr(error))
            raise Err(types.Failure(code="failed", message=repr(error), retryable=False, remedy=None)) from error
