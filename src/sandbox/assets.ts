import type { Darkroom } from './darkroom.js';

/**
 * The host by which manifests name the sandbox's own images (`https://sandbox.localhost/assets/dawn.jpg`): the
 * sandbox's port is another one in each run, and an address that changed would change the shot.
 */
export const ASSET_HOST = 'sandbox.localhost';

/** An image of the sandbox. */
export interface Asset {
  readonly bytes: Buffer;
  readonly type: 'image/png' | 'image/jpeg';
}

export type Assets = ReturnType<typeof openAssets>;

/** The images that the sandbox serves, for manifests that want remote ones. `origin`: where it is, without a path. */
export function openAssets(origin: string, darkroom: Darkroom) {
  return {
    origin,
    /** The image `NAME.png` or `NAME.jpg`: a landscape made up from the name. Undefined for any other kind of name. */
    async find(fileName: string): Promise<Asset | undefined> {
      const match = /^(\w[\w .-]{0,80})\.(png|jpe?g)$/i.exec(fileName);
      if (!match) return undefined;
      const [, name = '', ending = ''] = match;
      const type = ending.toLowerCase() === 'png' ? 'image/png' : 'image/jpeg';
      const drawn = await darkroom.run({ kind: 'still', name: name.replaceAll(/[-_]+/g, ' '), type });
      return { type, bytes: Buffer.from(drawn) };
    },
    /** A landscape with an address on it, for an image that cannot be fetched here. */
    async standIn(address: string): Promise<Buffer> {
      return Buffer.from(await darkroom.run({ kind: 'still', name: address, type: 'image/png' }));
    },
  };
}
