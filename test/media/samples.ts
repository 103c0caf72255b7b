import { mkdtemp, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll } from 'vitest';

/** The clips described in fixtures/README.md. */
export const FIXTURES = [
  'bframes.mp4',
  'fragmented.mp4',
  'long-audio.mp4',
  'vfr.mp4',
  'rotated.mp4',
  'sar.mp4',
  'trim-start.mp4',
  'trim-end.mp4',
  'vp9.webm',
  'live.webm',
] as const;

export type Fixture = (typeof FIXTURES)[number];

export function fixturePath(name: Fixture): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

export function fixture(name: Fixture): Buffer {
  return readFileSync(fixturePath(name));
}

/** A folder for the tests of one file. */
export function useFolder(): { readonly path: (name: string) => string; readonly write: Write } {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-media-'));
  });
  const path = (name: string): string => join(folder, name);
  return {
    path,
    async write(name, bytes) {
      await writeFile(path(name), bytes);
      return path(name);
    },
  };
}

type Write = (name: string, bytes: Uint8Array | string) => Promise<string>;
