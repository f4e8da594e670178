// Written by `kubephase plugin build`: source, WIT folder and component in, by componentize-js.
import { componentize } from '@bytecodealliance/componentize-js';
import { readFile, writeFile } from 'node:fs/promises';

const [source, witPath, out] = process.argv.slice(2);
// A plugin has no world but the host's: nothing of WASI is linked.
const disableFeatures = ['random', 'stdio', 'clocks', 'http', 'fetch-event'];
const { component } = await componentize(await readFile(source, 'utf8'), { witPath, worldName: 'plugin', disableFeatures });
await writeFile(out, component);
