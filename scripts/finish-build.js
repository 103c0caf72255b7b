// What the compiler does not do: the sandbox's catalogue beside its code, and a command that may be executed.
import { chmod, copyFile, rm } from 'node:fs/promises';

await copyFile('src/sandbox/models.json', 'dist/sandbox/models.json');
await chmod('dist/cli/main.js', 0o755);
for (const notes of ['dist', 'dist/sheet/page']) await rm(`${notes}/tsconfig.tsbuildinfo`, { force: true });
