import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** Where everything of a project lies; all absolute. */
export interface ProjectPaths {
  readonly manifest: string;
  /** The manifest's folder: paths in the manifest and the lockfile are relative to it. */
  readonly folder: string;
  readonly lockfile: string;
  readonly output: string;
  /** Caches and the sandbox's jobs. */
  readonly cache: string;
}

/**
 * The paths of a project. Runs on the sandbox keep to themselves: a lockfile and an output folder of their own.
 * `outputSetting` is the manifest's word (relative to it), `outputOption` the command line's (relative to `cwd`).
 */
export function projectPaths(options: {
  readonly manifest: string;
  readonly outputSetting?: string | undefined;
  readonly outputOption?: string | undefined;
  readonly isSandbox: boolean;
}): ProjectPaths {
  const manifest = resolve(options.manifest);
  const folder = dirname(manifest);
  const name = basename(manifest, extname(manifest));
  const output =
    options.outputOption === undefined
      ? resolve(folder, options.outputSetting ?? join('renders', name))
      : resolve(options.outputOption);
  const suffix = options.isSandbox ? '.sandbox' : '';
  return {
    manifest,
    folder,
    lockfile: join(folder, `${name}${suffix}.lock.json`),
    output: `${output}${suffix}`,
    cache: join(folder, '.dailies'),
  };
}

/** A path as the lockfile keeps it: relative to the manifest's folder where inside it, else absolute; with `/`. */
export function storedPath(folder: string, path: string): string {
  // Nearly every path begins with its folder, letter by letter, and `relative` takes long to see it.
  const inside = path.startsWith(`${folder}${sep}`) ? path.slice(folder.length + 1) : relative(folder, path);
  const isInside = inside !== '' && !isAbsolute(inside) && inside !== '..' && !inside.startsWith(`..${sep}`);
  return (isInside ? inside : path).split(sep).join('/');
}

/** The absolute path of one the lockfile keeps. */
export function openPath(folder: string, stored: string): string {
  return resolve(folder, stored);
}
