import { extname, resolve } from 'node:path';
import { defined } from '../domain/defined.js';
import { maskPasswords, maskSignatures } from '../domain/unsigned-url.js';
import { DailiesError } from '../errors.js';
import { isInside } from '../flow/project/paths.js';
import { loadProject, type Project, type ProjectOptions } from '../flow/project/project.js';
import { dataRedactor, type Redact } from '../gateway/redact.js';
import { pathWithoutLinks } from '../regular-file.js';
import { createAllowance, type Allowance } from './allowance.js';
import type { StartedRun } from './start-run.js';

/** What a person sets when the server starts; no call can change it. */
export interface DeskOptions {
  /** The folders whose manifests may be used. */
  readonly roots: readonly string[];
  /** What all runs of this server together may spend, US dollars. */
  readonly maxCostUsd?: number;
  readonly gateway?: string;
  readonly clips?: string;
  readonly store?: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What every tool works with: the limits of this server. */
export interface Desk {
  readonly options: DeskOptions;
  readonly allowance: Allowance;
  /** The runs that this server has started and that have not ended, by the paths of their manifests. */
  readonly runs: Map<string, StartedRun>;
  /** The path of a manifest that is there. Throws `usage` if it is not below a root. */
  manifest(path: string): string;
  /** The same for a manifest that is to be written. */
  newManifest(path: string): string;
  /** How the manifest at a path is read. */
  reading(manifest: string): ProjectOptions;
  open(path: string): Promise<Project>;
  /** A text without keys, signatures and passwords. */
  clean: Redact;
}

/** Opens a desk. Throws `usage` if a root is not there. */
export function openDesk(options: DeskOptions): Desk {
  const roots = options.roots.map((root) => {
    const found = pathWithoutLinks(resolve(root));
    if (found !== undefined) return found;
    throw new DailiesError('usage', `there is no folder ${root}`, { hint: 'name a folder with --root' });
  });
  const [first = '.'] = roots;
  const { gateway, clips, store, env } = options;
  const secrets = new Set<string>();
  const isBelowRoot = (path: string | undefined) =>
    path !== undefined && roots.some((root) => isInside(root, path));
  const outside = (path: string) =>
    new DailiesError('usage', `${path} is not a manifest below a root of this server`, {
      hint: `name a .yaml file below ${roots.join(' or ')}; a person starts the server with another --root`,
    });
  const checked = (path: string, whole: string | undefined) => {
    const absolute = resolve(first, path);
    if (!['.yaml', '.yml'].includes(extname(absolute).toLowerCase()) || !isBelowRoot(whole))
      throw outside(path);
    return absolute;
  };
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && SECRET_NAME.test(name)) secrets.add(value);
  const desk: Desk = {
    options,
    allowance: createAllowance(options.maxCostUsd),
    runs: new Map(),
    manifest(path) {
      const whole = pathWithoutLinks(resolve(first, path));
      if (whole === undefined && isBelowRoot(pathWithoutLinks(resolve(first, path, '..')))) {
        const hint = 'create writes a new manifest';
        throw new DailiesError('usage', `there is no file ${path}`, { hint });
      }
      return checked(path, whole);
    },
    newManifest: (path) => checked(path, pathWithoutLinks(resolve(first, path, '..'))),
    reading: (manifest) => defined({ manifest, gateway, clips, store, env }),
    async open(path) {
      const project = await loadProject(desk.reading(desk.manifest(path)));
      for (const key of [project.target.apiKey, ...project.keys.values()]) if (key) secrets.add(key);
      return project;
    },
    clean(text) {
      let shown = maskPasswords(maskSignatures(text));
      for (const secret of secrets) shown = dataRedactor(secret)(shown);
      return shown;
    },
  };
  return desk;
}

/** Variables that hold a secret. */
const SECRET_NAME = /(?:_|^)(?:KEY|TOKEN|SECRET|PASSWORD)$/i;
