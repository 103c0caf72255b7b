// What the compiler does not do: the data of the sandbox and the sheet's styles beside their code, validators that are
// compiled already, and a command that may be executed. The folder of the code may be named; it is `dist` where none is.
import { chmod, cp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import standaloneCode from 'ajv/dist/standalone/index.js';

const dist = resolve(process.argv[2] ?? 'dist');
const { partValidators } = await codeOf('manifest/schema/compiler.js');
const { lockfileCompiler } = await codeOf('store/lockfile-schema.js');

await cp('src', dist, { recursive: true, filter: (path) => !/\.ts$|tsconfig\.json$/.test(path) });
await writeValidators('manifest/schema/validators.js', partValidators({ source: true }), {
  validateTop: 'manifest#/$defs/top',
  validateDefaults: 'manifest#/$defs/defaults',
  validateShot: 'manifest#/$defs/shot',
});
await writeValidators('store/lockfile-validators.js', lockfileCompiler({ source: true }), {
  validateLockfile: 'lockfile',
  validateAttempt: 'lockfile#/$defs/attempt_document',
});
await chmod(join(dist, 'cli/main.js'), 0o755);
for (const notes of ['.', 'sheet/page']) await rm(join(dist, notes, 'tsconfig.tsbuildinfo'), { force: true });

/** A module of the compiled code. */
function codeOf(path) {
  return import(pathToFileURL(join(dist, path)).href);
}

/** Puts compiled code in the place of a module that compiles schemas at run time; ajv writes its helpers down as calls of `require`. */
async function writeValidators(path, compiler, validators) {
  const code = standaloneCode.default(compiler, validators);
  const require = `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n`;
  await writeFile(join(dist, path), `${require}${code}\n`);
}
