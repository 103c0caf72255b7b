import { appendFile } from 'node:fs/promises';

/** Adds text to the end of a file. Errors are the file system's own. */
export function appendText(path: string, text: string): Promise<void> {
  return appendFile(path, text);
}
