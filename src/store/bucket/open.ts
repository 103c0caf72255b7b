import type { ClipStore } from '../clip-store.js';
import type { ReceiptStore } from '../receipt-store.js';
import type { BucketAddress } from './address.js';
import { openBucketClips } from './bucket-clips.js';
import { openBucketReceipts } from './bucket-receipts.js';
import { openObjects, type ObjectsOptions } from './objects.js';

/** Clips and receipts below one prefix of a bucket. Sends nothing until it is used. `work`: a local folder for transfers. */
export function openBucket(
  address: BucketAddress,
  options: ObjectsOptions & { readonly work: string },
): { readonly clips: ClipStore; readonly receipts: ReceiptStore } {
  const objects = openObjects(address, options);
  return { clips: openBucketClips(objects, options), receipts: openBucketReceipts(objects) };
}
