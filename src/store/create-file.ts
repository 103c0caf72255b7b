import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a new file, with the folders it needs. Fails with EEXIST where there is one: nothing is written over. */
export async function createFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content, { flag: 'wx' });
}

/** Whether there is anything by that name. */
export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
