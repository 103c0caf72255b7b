// What the compiler does not do: the sandbox's catalogue and the sheet's styles beside their code, validators that are
// compiled already, and a command that may be executed.
import { chmod, copyFile, cp, rm, writeFile } from 'node:fs/promises';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { partValidators } from '../dist/manifest/shape-schema.js';

await copyFile('src/sandbox/models.json', 'dist/sandbox/models.json');
await cp('src/sheet/style', 'dist/sheet/style', { recursive: true });
await writeFile('dist/manifest/shape-validators.js', validatorsCode());
await chmod('dist/cli/main.js', 0o755);
for (const notes of ['dist', 'dist/sheet/page']) await rm(`${notes}/tsconfig.tsbuildinfo`, { force: true });

/** ajv writes its helpers down as calls of `require`, also in an ES module. */
function validatorsCode() {
  const code = standaloneCode.default(partValidators({ source: true }), {
    validateTop: 'manifest#/$defs/top',
    validateDefaults: 'manifest#/$defs/defaults',
    validateShot: 'manifest#/$defs/shot',
  });
  return `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n${code}\n`;
}
