import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt } from '../../src/domain/attempt.js';
import { inspectClip } from '../../src/media/container.js';
import { readShotState } from '../helpers/state.js';
import { findSidecars } from '../../src/store/sidecar.js';
import type { Film } from './film.js';

/** What must never be found, whenever a run was cut short: each list names what breaks its promise. */
export interface Findings {
  /** Orders with more accepted submits than were ever wanted. */
  readonly paidTwice: readonly string[];
  /** Accepted jobs that neither the lockfile knows nor an uncertain submit stands for. */
  readonly idsLost: readonly string[];
  /** Why lockfile and journal cannot be read. */
  readonly torn: readonly string[];
  /** Files under a clip's final name that are no whole clip, or none that the gateway served. */
  readonly truncated: readonly string[];
}

export const NOTHING_FOUND: Findings = { paidTwice: [], idsLost: [], torn: [], truncated: [] };

/** What is looked at: a project, and the server that sold to it. */
export type Scene = Pick<Film, 'lockfile' | 'output' | 'clipOf'> & {
  readonly server: Pick<Film['server'], 'jobs'>;
};

/**
 * Looks at a project as a kill has left it. `wanted` says how often a prompt may have been bought; once, unless told.
 * `sidecarsCount`: the lockfile was lost on the way, and a sidecar keeps an id as well.
 */
export async function inspect(
  film: Scene,
  wanted: (prompt: string) => number = () => 1,
  { sidecarsCount = false } = {},
): Promise<Findings> {
  const truncated = await spoiltClips(film);
  let attempts: readonly Attempt[];
  try {
    attempts = (await readShotState(film.lockfile)).attempts();
  } catch (error) {
    return { ...NOTHING_FOUND, truncated, torn: [String(error)] };
  }
  const beside = sidecarsCount ? (await findSidecars(film.output)).map(({ attempt }) => attempt) : [];
  const { jobs } = film.server;
  const accepted = countBy(jobs.map(({ body }) => orderOf(body)));
  const paidTwice = [...accepted]
    .filter(([order, count]) => count > wanted(order.split(AFTER)[0] ?? ''))
    .map(([order, count]) => `${order} was accepted ${count} times`);
  return { truncated, torn: [], paidTwice, idsLost: lostJobs(film, [...attempts, ...beside]) };
}

const AFTER = ' after ';

/** What tells one order of these tests from another. */
function orderOf(request: { readonly prompt?: unknown; readonly previous_job_id?: unknown }): string {
  const { prompt, previous_job_id: previous } = request;
  return typeof previous === 'string' ? `${String(prompt)}${AFTER}${previous}` : String(prompt);
}

/** Each accepted job is an attempt's, or an unanswered submit of the same order stands for it. */
function lostJobs({ server }: Scene, attempts: readonly Omit<Attempt, 'id'>[]): string[] {
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
function mayHaveBeenTaken({ state }: Pick<Attempt, 'state'>): boolean {
  return ['submitting', 'uncertain', 'not_charged', 'abandoned'].includes(state.kind) && !('job' in state);
}

async function spoiltClips({ output, server, clipOf }: Scene): Promise<string[]> {
  const served = new Set(server.jobs.map((job) => sha256(clipOf(job))));
  const names = await readdir(output, { recursive: true }).catch(() => []);
  const spoilt: string[] = [];
  for (const name of names.filter((name) => /\.(mp4|webm)$/.test(name))) {
    const path = join(output, name);
    const whole = inspectClip(path);
    if (!whole.ok) spoilt.push(`${name} is ${whole.reason}`);
    else if (!served.has(sha256(await readFile(path)))) spoilt.push(`${name} is no clip of the gateway`);
  }
  return spoilt;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
