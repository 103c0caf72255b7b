import { openPath } from './paths.js';
import { join } from 'node:path';
import type { RecordedRequest } from '../domain/attempt.js';
import { readDataUrl } from '../media/local-input.js';
import { recordRequest, wireRequest, type FrameFile, type KnownInput, type Order } from '../shot/order.js';
import { chainFrame } from './chain-frame.js';
import type { RunContext } from './run-context.js';

/** An order made ready to be sent: local files and frames of other clips inlined. */
export interface ReadyOrder {
  readonly request: RecordedRequest;
  /** JSON: whatever cannot be written as such is found out before there is an intent to buy it. */
  readonly body: Buffer;
}

/** Takes the frames an order needs from their clips and reads its files. Throws `disk`, `input-changed` or `tool-missing`. */
export async function readyOrder(context: RunContext, order: Order): Promise<ReadyOrder> {
  const { folder } = context.project.paths;
  const frames = new Map<KnownInput, FrameFile>();
  const urls = new Map<KnownInput, string>();
  for (const { input } of [...order.frames, ...order.references]) {
    switch (input.kind) {
      case 'url':
        urls.set(input, input.url);
        break;
      case 'file':
        urls.set(input, await readDataUrl({ ...input, file: join(folder, input.path) }));
        break;
      case 'frame': {
        const frame = await chainFrame(context, input);
        frames.set(input, frame);
        urls.set(
          input,
          await readDataUrl({ ...frame, mime: 'image/png', file: openPath(folder, frame.path) }),
        );
      }
    }
  }
  return {
    request: recordRequest(order, (input) => frames.get(input)),
    body: Buffer.from(JSON.stringify(wireRequest(order, (input) => urls.get(input) ?? ''))),
  };
}
