// What the compiler does not do: the data of the sandbox and the sheet's styles beside their code, validators that are
// compiled already, and a command that is bundled and may be executed. The folder of the code may be named; it is `dist` where none is.
import { chmod, cp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { bundleCommand } from './bundle-command.js';

const dist = resolve(process.argv[2] ?? 'dist');
const { partValidators } = await codeOf('manifest/schema/compiler.js');
const { lockfileCompiler } = await codeOf('store/lockfile-schema.js');

await cp('src', dist, { recursive: true, filter: (path) => !/\.ts$|tsconfig\.json$/.test(path) });
await writeValidators('manifest/schema/validators.js', partValidators({ source: true }), {
  validateTop: 'manifest#/$defs/top',
  validateDefaults: 'manifest#/$defs/defaults',
  validateShot: 'manifest#/$defs/shot',
  validateRow: 'manifest#/$defs/row',
});
await writeValidators('store/lockfile-validators.js', lockfileCompiler({ source: true }), {
  validateLockfile: 'lockfile',
  validateAttempt: 'lockfile#/$defs/attempt_document',
});
await bundleCommand(dist);
await chmod(join(dist, 'cli/main.js'), 0o755);
for (const notes of ['.', 'sheet/page']) await rm(join(dist, notes, 'tsconfig.tsbuildinfo'), { force: true });

/** A module of the compiled code. */
function codeOf(path) {
  return import(pathToFileURL(join(dist, path)).href);
}

/** Puts compiled code in the place of a module that compiles schemas at run time; ajv writes its helpers down as calls of `require`. */
async function writeValidators(path, compiler, validators) {
  const helpers = new Map();
  const code = standaloneCode.default(compiler, validators).replaceAll(/require\("(.*?)"\)/g, (_, file) => {
    const name = helpers.get(file) ?? `helper${helpers.size}`;
    helpers.set(file, name);
    return name;
  });
  const imports = [...helpers].map(([file, name]) => `import ${name} from '${file}.js';\n`);
  await writeFile(join(dist, path), `${imports.join('')}${code}\n`);
}
