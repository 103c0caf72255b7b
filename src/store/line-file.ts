import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { diskError } from '../disk-error.js';
import { openRegular } from '../regular-file.js';

/** Many times the size for a project of a hundred thousand takes. */
const MAX_BYTES = 4_000_000_000;

/**
 * The lines of a file, including a torn last one; none if there is no file. readline is not used, because it also breaks lines
 * at characters that JSON leaves in its texts. Throws `disk`.
 */
export async function* linesOf(path: string): AsyncIterable<string> {
  let begun = '';
  try {
    const handle = await openRegular(path, constants.O_RDONLY, { maxBytes: MAX_BYTES });
    if (!handle) return;
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

/** The end of the last whole line of a file. */
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
