import { diskRefusal } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import { readRegular } from '../regular-file.js';

/** Larger than a manifest of a hundred thousand shots, each written out. */
export const MAX_MANIFEST_BYTES = 100_000_000;

/** The bytes of a manifest. Throws `manifest-invalid` (exit 2) if the file does not exist or cannot be read. */
export async function readManifest(path: string): Promise<Uint8Array> {
  try {
    const found = await readRegular(path, { maxBytes: MAX_MANIFEST_BYTES, throughLinks: true });
    if (found) return found;
  } catch (cause) {
    const { why, hint } = diskRefusal({ path, doing: 'read', cause });
    throw new DailiesError('manifest-invalid', `${path} cannot be read: ${why}`, { hint, cause });
  }
  const hint = 'dailies init makes a manifest to start from';
  throw new DailiesError('manifest-invalid', `there is no file ${path}`, { hint });
}
