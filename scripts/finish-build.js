// What the compiler does not do: the data of the sandbox and the sheet's styles beside their code, validators that are
// compiled already, and a command that may be executed.
import { chmod, cp, rm, writeFile } from 'node:fs/promises';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { partValidators } from '../dist/manifest/schema/compiler.js';
import { lockfileCompiler } from '../dist/store/lockfile-schema.js';

await cp('src', 'dist', { recursive: true, filter: (path) => !/\.ts$|tsconfig\.json$/.test(path) });
await writeValidators('dist/manifest/schema/validators.js', partValidators({ source: true }), {
  validateTop: 'manifest#/$defs/top',
  validateDefaults: 'manifest#/$defs/defaults',
  validateShot: 'manifest#/$defs/shot',
});
await writeValidators('dist/store/lockfile-validators.js', lockfileCompiler({ source: true }), {
  validateLockfile: 'lockfile',
  validateAttempt: 'lockfile#/$defs/attempt_document',
});
await chmod('dist/cli/main.js', 0o755);
for (const notes of ['dist', 'dist/sheet/page']) await rm(`${notes}/tsconfig.tsbuildinfo`, { force: true });

/** Puts compiled code in the place of a module that compiles schemas at run time; ajv writes its helpers down as calls of `require`. */
async function writeValidators(path, compiler, validators) {
  const code = standaloneCode.default(compiler, validators);
  const require = `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n`;
  await writeFile(path, `${require}${code}\n`);
}
