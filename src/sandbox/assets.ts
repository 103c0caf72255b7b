import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Darkroom } from './darkroom.js';

/**
 * The host by which manifests name the sandbox's own images (`http://sandbox.localhost/assets/dawn.jpg`): the
 * sandbox's port is another one in each run, and an address that changed would change the shot.
 */
export const ASSET_HOST = 'sandbox.localhost';

/** An image of the sandbox. */
export interface Asset {
  readonly bytes: Buffer;
  readonly type: 'image/png' | 'image/jpeg';
}

/** The images that the sandbox serves, for manifests that want remote ones. */
export interface Assets {
  /** Where the sandbox is, without a path. */
  readonly origin: string;
  /**
   * The image `NAME.png` or `NAME.jpg`: the file of that name in the assets folder where there is one, else a
   * landscape made up from the name. Undefined for any other kind of name.
   */
  find(fileName: string): Promise<Asset | undefined>;
}

/** Opens the assets; `folder` may be left out, and need not exist. */
export function openAssets(place: {
  readonly origin: string;
  readonly folder: string | undefined;
  readonly darkroom: Darkroom;
}): Assets {
  return {
    origin: place.origin,
    async find(fileName) {
      // No separators, and no name that is all dots: nothing outside the folder has such a name.
      const match = /^(\w[\w .-]{0,80})\.(png|jpe?g)$/i.exec(fileName);
      if (!match) return undefined;
      const [, name = '', ending = ''] = match;
      const type = ending.toLowerCase() === 'png' ? 'image/png' : 'image/jpeg';
      const own = place.folder === undefined ? undefined : await readIfThere(join(place.folder, fileName));
      if (own) return { type, bytes: own };
      const drawn = await place.darkroom.run({ kind: 'still', name: name.replaceAll(/[-_]+/g, ' '), type });
      return { type, bytes: Buffer.from(drawn) };
    },
  };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}
