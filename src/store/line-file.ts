import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { diskError, errnoOf } from '../disk-error.js';

/**
 * The lines of a file, the torn one at its end too; none where there is no file. Not by readline, which knows line breaks that
 * JSON leaves in its texts. Throws `disk`.
 */
export async function* linesOf(path: string): AsyncIterable<string> {
  const handle = await openRegular(path, constants.O_RDONLY);
  if (!handle) return;
  let begun = '';
  try {
    for await (const piece of handle.createReadStream({ encoding: 'utf8', highWaterMark: 1 << 18 })) {
      const lines = (begun + String(piece)).split('\n');
      begun = lines.pop() ?? '';
      yield* lines;
    }
  } catch (cause) {
    throw diskError({ path, doing: 'read', cause });
  }
  if (begun !== '') yield begun;
}

/** Opens a file of ours, never through a link and never a pipe or a device; undefined where there is none. Throws `disk`. */
export async function openRegular(path: string, flags: number): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o644);
    if ((await handle.stat()).isFile()) return handle;
    throw new Error('it is no regular file');
  } catch (cause) {
    await handle?.close();
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw diskError({ path, doing: flags === constants.O_RDONLY ? 'read' : 'opened', cause });
  }
}

/** How far the last whole line of a file reaches. */
export async function endOfLines(file: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(1 << 16);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const lineBreak = block.subarray(0, bytesRead).lastIndexOf(10);
    if (lineBreak !== -1) return start + lineBreak + 1;
    end = start;
  }
  return 0;
}
