import { randomBytes } from 'node:crypto';
import { DailiesError } from '../../errors.js';
import { shownAddress, type BucketAddress } from './address.js';
import { openObjects, type ObjectsOptions } from './objects.js';

/** Does with a small object what a run does with clips: writes, lists, reads, copies and removes it. Throws `bucket`. */
export async function probeBucket(address: BucketAddress, options: ObjectsOptions): Promise<void> {
  const objects = openObjects(address, options);
  const name = `doctor-${randomBytes(8).toString('hex')}`;
  const body = Buffer.from(name);
  try {
    await objects.put(name, body, 'text/plain');
    await objects.copy(name, `${name}-copy`);
    const found = await objects.list(name);
    const read = await objects.get(`${name}-copy`);
    if (found.length === 2 && read?.equals(body)) return;
    throw new DailiesError('bucket', `${shownAddress(address)} does not return what was put there`, {
      hint: 'a store for clips must show each object at once, to every client',
    });
  } finally {
    for (const one of [name, `${name}-copy`]) await objects.remove(one).catch(() => undefined);
  }
}
