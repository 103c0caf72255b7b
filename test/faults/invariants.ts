import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Attempt } from '../../src/domain/attempt.js';
import { inspectClip } from '../../src/media/container.js';
import { readShotState, type HomeChanges } from '../helpers/state.js';
import type { Film } from './film.js';

/** What must never be found, whenever a run was cut short: each list names what breaks its promise. */
export interface Findings {
  /** Orders with more accepted submits than were ever wanted. */
  readonly paidTwice: readonly string[];
  /** Accepted jobs that neither the lockfile knows nor an uncertain submit stands for. */
  readonly idsLost: readonly string[];
  /** Why lockfile and journal cannot be read. */
  readonly torn: readonly string[];
  /** Clips of the store, and files under a clip's name, that are no whole clip, or not the one they are said to be. */
  readonly truncated: readonly string[];
}

export const NOTHING_FOUND: Findings = { paidTwice: [], idsLost: [], torn: [], truncated: [] };

/** What is looked at: a project, and the server that sold to it. */
export type Scene = Pick<Film, 'lockfile' | 'output' | 'store' | 'clipOf'> & {
  readonly server: Pick<Film['server'], 'jobs'>;
};

/** What the one who looks knows besides. */
export interface Known {
  /** How often a prompt may have been bought; once, unless told. */
  readonly wanted?: (prompt: string) => number;
  /** Clips, by their sha256, that somebody has spoilt on the disk. */
  readonly spoilt?: ReadonlySet<string>;
  /** Where the state is kept, where that is not told by the lockfile's name. */
  readonly home?: HomeChanges;
}

/** Looks at a project as a kill has left it. */
export async function inspect(film: Scene, known: Known = {}): Promise<Findings> {
  const { spoilt = new Set<string>(), home } = known;
  const truncated = await spoiltClips(film, spoilt);
  let attempts: readonly Attempt[];
  try {
    attempts = (await readShotState(film.lockfile, home)).attempts();
  } catch (error) {
    return { ...NOTHING_FOUND, truncated, torn: [String(error)] };
  }
  return { ...purchasesIn(film, attempts, known), truncated };
}

/** What the purchases on record break of the promises, whatever keeps them. */
export function purchasesIn(
  film: Pick<Scene, 'server'>,
  attempts: readonly Attempt[],
  { wanted = () => 1 }: Pick<Known, 'wanted'> = {},
): Findings {
  const { jobs } = film.server;
  const accepted = countBy(jobs.map(({ body }) => orderOf(body)));
  const paidTwice = [...accepted]
    .filter(([order, count]) => count > wanted(order.split(AFTER)[0] ?? ''))
    .map(([order, count]) => `${order} was accepted ${count} times`);
  return { ...NOTHING_FOUND, paidTwice, idsLost: lostJobs(film, attempts) };
}

const AFTER = ' after ';

/** What tells one order of these tests from another. */
function orderOf(request: { readonly prompt?: unknown; readonly previous_job_id?: unknown }): string {
  const { prompt, previous_job_id: previous } = request;
  return typeof previous === 'string' ? `${String(prompt)}${AFTER}${previous}` : String(prompt);
}

/** Each accepted job is an attempt's, or an unanswered submit of the same order stands for it. */
function lostJobs({ server }: Pick<Scene, 'server'>, attempts: readonly Attempt[]): string[] {
  const known = new Set(attempts.flatMap(({ state }) => ('job' in state ? [state.job.id] : [])));
  const unanswered = countBy(attempts.filter(mayHaveBeenTaken).map(({ request }) => orderOf(request)));
  return server.jobs.flatMap(({ id, body }) => {
    if (known.has(id)) return [];
    const order = orderOf(body);
    const left = unanswered.get(order) ?? 0;
    unanswered.set(order, left - 1);
    return left > 0 ? [] : [`${id} (${order})`];
  });
}

/** The answer never came; or it never came, and a person has settled that it need not come any more. */
function mayHaveBeenTaken({ state }: Attempt): boolean {
  return ['submitting', 'uncertain', 'not_charged', 'abandoned'].includes(state.kind) && !('job' in state);
}

async function spoiltClips(film: Scene, spoilt: ReadonlySet<string>): Promise<string[]> {
  const served = new Set(film.server.jobs.map((job) => sha256(film.clipOf(job))));
  const found: string[] = [];
  for (const name of await clipsBelow(film.store)) {
    const path = join(film.store, name);
    const own = basename(name).replace(/\..*/, '');
    if (spoilt.has(own)) continue;
    const whole = inspectClip(path);
    if (!whole.ok) found.push(`${name} is ${whole.reason}`);
    else if (sha256(await readFile(path)) !== own) found.push(`${name} is another clip`);
    else if ((await stat(path)).mode & 0o222) found.push(`${name} may be written to`);
  }
  for (const name of await clipsBelow(film.output)) {
    const path = join(film.output, name);
    const content = sha256(await readFile(path));
    if (!served.has(content) && !spoilt.has(content)) found.push(`${name} is no clip of the gateway`);
  }
  return found;
}

/** All clips in a folder, those that are still on their way or were set aside left out. */
export async function clipsBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.filter((name) => /\.(mp4|webm)$/.test(name)).sort();
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
