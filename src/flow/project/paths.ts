import { createHash } from 'node:crypto';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import {
  belowAddress,
  isBucketAddress,
  parseBucketAddress,
  type BucketAddress,
} from '../../store/bucket/address.js';

/** Where all files of a project are; all paths are absolute. */
export interface ProjectPaths {
  readonly manifest: string;
  /** The manifest's folder: paths in the manifest and the lockfile are relative to it. */
  readonly folder: string;
  readonly lockfile: string;
  /** The names of the clips, and the pages about them. */
  readonly output: string;
  /** Files that can be made again: catalogues, frames, the sandbox's jobs. */
  readonly cache: string;
  /** The clips and the receipts; with a bucket, only the files on their way there or back. */
  readonly store: string;
  /** The bucket of clips and receipts, in place of a folder. */
  readonly bucket?: BucketAddress;
  /** Distinguishes projects of one name in a shared store; empty if the store is beside the manifest. */
  readonly place: string;
}

/**
 * The paths of a project. Runs on the sandbox have their own lockfile, output folder and store.
 * Settings are the manifest's words (relative to it), options the command line's (relative to the working folder). An option
 * can name a bucket, a setting cannot. Throws `usage` if the bucket is not valid.
 */
export function projectPaths(options: {
  readonly manifest: string;
  readonly outputSetting?: string | undefined;
  readonly outputOption?: string | undefined;
  readonly clipsSetting?: string | undefined;
  readonly clipsOption?: string | undefined;
  readonly isSandbox: boolean;
}): ProjectPaths {
  const manifest = resolve(options.manifest);
  const folder = dirname(manifest);
  const name = basename(manifest, extname(manifest));
  const place = (option: string | undefined, setting: string) =>
    option === undefined ? resolve(folder, setting) : resolve(option);
  const output = place(options.outputOption, options.outputSetting ?? join('renders', name));
  const { clipsOption } = options;
  const bucket =
    clipsOption !== undefined && isBucketAddress(clipsOption) ? parseBucketAddress(clipsOption) : undefined;
  const store = bucket
    ? join(folder, '.dailies', 'bucket')
    : place(clipsOption, options.clipsSetting ?? '.dailies');
  const paths: ProjectPaths = {
    manifest,
    folder,
    lockfile: join(folder, `${name}.lock.json`),
    output,
    cache: join(folder, '.dailies'),
    store,
    ...(bucket && { bucket }),
    place:
      !bucket && isInside(folder, store)
        ? ''
        : createHash('sha256').update(folder).digest('hex').slice(0, 16),
  };
  return options.isSandbox ? rehearsalPaths(paths) : paths;
}

/** The places of the same project on the sandbox. */
export function rehearsalPaths(paths: ProjectPaths): ProjectPaths {
  const { lockfile, output, store, bucket } = paths;
  return {
    ...paths,
    lockfile: lockfile.replace(/\.lock\.json$/, '.sandbox.lock.json'),
    output: `${output}.sandbox`,
    store: join(store, 'rehearsal'),
    ...(bucket && { bucket: belowAddress(bucket, 'rehearsal') }),
  };
}

/** A path for the lockfile: relative to the manifest's folder if inside it, else absolute; with `/`. */
export function storedPath(folder: string, path: string): string {
  // Nearly every path begins with the text of its folder, and `relative` is slow.
  const inside = path.startsWith(`${folder}${sep}`) ? path.slice(folder.length + 1) : relative(folder, path);
  const isWithin = inside !== '' && !isAbsolute(inside) && inside !== '..' && !inside.startsWith(`..${sep}`);
  const stored = isWithin ? inside : path;
  return sep === '/' ? stored : stored.replaceAll(sep, '/');
}

/** The absolute path of one in the lockfile. */
export function openPath(folder: string, stored: string): string {
  return resolve(folder, stored);
}

/** Whether a path is a folder, or is in it; compares only the text. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
