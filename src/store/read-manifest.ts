import { readFile } from 'node:fs/promises';
import { errnoOf } from '../disk-error.js';
import { DailiesError, messageOf } from '../errors.js';

/** The bytes of a manifest. Throws `manifest-invalid` (exit 2) where there is no such file to read. */
export async function readManifest(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = errnoOf(error);
    const [message, hint] =
      code === 'ENOENT'
        ? [`there is no file ${path}`, 'dailies init makes a manifest to start from']
        : code === 'EISDIR'
          ? [`${path} is a folder`, 'name the manifest inside it']
          : [`${path} cannot be read: ${messageOf(error)}`, undefined];
    throw new DailiesError('manifest-invalid', message, {
      exitCode: 2,
      cause: error,
      ...(hint ? { hint } : {}),
    });
  }
}
