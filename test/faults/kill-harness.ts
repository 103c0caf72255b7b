import { basename } from 'node:path';
import type { Attempt } from '../../src/domain/attempt.js';
import { readShotState } from '../helpers/state.js';
import { volume } from '../helpers/long-pass.js';
import { commandHere, diskFaultAt, runCommand, startCommand, type Ended } from './command.js';
import { makeFilm, promptOf, type Film } from './film.js';
import { clipsBelow, inspect, sha256 } from './invariants.js';
import type { KillPoint } from './kill-points.js';
import type { Misdeed } from './repertoire.js';
import type { Tally } from './tally.js';

/** A start after a kill is one of a new process, as a person makes it, in the long pass alone: it takes long. */
const restart: (words: readonly string[]) => Promise<Ended> = volume({
  short: commandHere,
  long: runCommand,
});

/**
 * A project is run again and again, each time with one more shot to render, and killed each time; in the end it is
 * left alone until all is delivered. What breaks a promise on the way goes to the tally. `nextMisdeed` says what a run
 * that is killed meets besides.
 */
export async function killAgainAndAgain(
  points: readonly KillPoint[],
  tally: Tally,
  nextMisdeed: () => Misdeed | undefined = () => undefined,
): Promise<void> {
  const film = await makeFilm([], { top: 'concurrency: 2' });
  const shots = points.map(
    ({ needsLargeClip }, index) => `${needsLargeClip ? 'large' : 'shot'}-${index + 1}`,
  );
  try {
    for (const [index, point] of points.entries())
      await runAndKill({ film, shots: shots.slice(0, index + 1), point, tally, misdeed: nextMisdeed() });
    await film.write(shots);
    await runToTheEnd(film, tally);
    for (const shot of shots) {
      const bought = film.server.jobs.filter(({ body }) => body['prompt'] === promptOf(shot));
      if (bought.length !== 1) tally.found('paidTwice', `${shot} was accepted ${bought.length} times`);
    }
    tally.delivered(shots.length);
  } finally {
    await film.remove();
  }
}

interface Trial {
  readonly film: Film;
  /** The shots of the manifest; the last one is new. */
  readonly shots: readonly string[];
  readonly point: KillPoint;
  readonly tally: Tally;
  readonly misdeed?: Misdeed | undefined;
}

async function runAndKill({ film, shots, point, tally, misdeed }: Trial): Promise<void> {
  const shot = shots.at(-1) ?? '';
  await film.write(shots);
  if (point.command === 'prune') await deliverAndRemove({ film, shots, point, tally });
  if (misdeed) film.server.failNext(misdeed.fault, { on: misdeed.on });
  let strike: () => void = () => undefined;
  const disarm = await point.arm?.({ film, shot, strike: () => strike() });
  const { command = 'run', ambush } = point;
  const run = await startCommand([command, film.manifest, '--yes'], {
    diskFault: ambush && diskFaultAt(ambush),
  });
  strike = () => {
    run.kill();
  };
  const { signal } = await run.ended;
  await disarm?.();
  film.server.failNoMore();
  if (signal === 'SIGKILL') tally.killed(point.name);
  else tally.missed(point.name);
  await lookAround(film, tally, `after a kill (${point.name}${misdeed ? `; ${misdeed.name}` : ''})`);
}

/** The new shot is delivered and leaves the manifest: its clip is nobody's then. */
async function deliverAndRemove({ film, shots, tally }: Trial): Promise<void> {
  tally.restarted();
  await restart(['run', film.manifest, '--yes']);
  await lookAround(film, tally, 'after a restart');
  await film.write(shots.length === 1 ? ['another'] : shots.slice(0, -1));
}

const MOST_ROUNDS = 5;

/** Runs until all is delivered; what is uncertain is settled by hand, by what the gateway knows. */
export async function runToTheEnd(film: Film, tally: Tally): Promise<void> {
  for (let round = 1; ; round += 1) {
    tally.restarted();
    const { code, stdout, stderr } = await restart(['run', film.manifest, '--yes']);
    await lookAround(film, tally, 'after a restart');
    if (code === 0) {
      await lookForClips(film, tally);
      return;
    }
    const open = await uncertain(film);
    if (code !== 1 || open.length === 0 || round === MOST_ROUNDS) {
      tally.found('stuck', `exit ${code ?? 'by a signal'}\n${stdout}\n${stderr}`);
      return;
    }
    for (const attempt of open) await settle(film, attempt, tally);
  }
}

/** Every clip that was paid for is in the store, unless it was pruned. */
async function lookForClips(film: Film, tally: Tally): Promise<void> {
  const there = (await clipsBelow(film.store)).map((name) => basename(name, '.mp4'));
  const attempts = (await readShotState(film.lockfile)).attempts();
  const pruned = attempts.flatMap(({ state }) =>
    state.kind === 'delivered' && state.pruned ? [state.job.id] : [],
  );
  for (const job of film.server.jobs)
    if (!pruned.includes(job.id) && !there.includes(sha256(film.clipOf(job))))
      tally.found('clipsLost', `the clip of ${job.id} is nowhere`);
}

async function uncertain(film: Film): Promise<Attempt[]> {
  const state = await readShotState(film.lockfile);
  return state.attempts().filter((attempt) => attempt.state.kind === 'uncertain');
}

/** As a person would: the job that the gateway has for the prompt and nobody else has, or none. */
async function settle(film: Film, attempt: Attempt, tally: Tally): Promise<void> {
  const attempts = (await readShotState(film.lockfile)).attempts();
  const known = new Set(attempts.flatMap(({ state }) => ('job' in state ? [state.job.id] : [])));
  const { prompt } = attempt.request;
  const job = film.server.jobs.find(({ id, body }) => body['prompt'] === prompt && !known.has(id));
  const answer = job ? ['--job-id', job.id] : ['--not-charged'];
  const { shot, take } = attempt.owner;
  const { code, stderr } = await restart(['resolve', film.manifest, `${shot}@${take}`, ...answer]);
  if (code === 0) tally.settled();
  else tally.found('stuck', `${shot} could not be settled: ${stderr}`);
}

/** Whatever happened last, no promise is broken. */
export async function lookAround(film: Film, tally: Tally, when: string): Promise<void> {
  const findings = await inspect(film);
  for (const kind of ['paidTwice', 'idsLost', 'torn', 'truncated'] as const)
    for (const what of findings[kind]) tally.found(kind, `${when}: ${what}`);
}
