import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readShotState } from '../helpers/state.js';
import { runCommand } from '../faults/command.js';
import { SCENARIOS, type Scenario } from '../faults/disk-scenarios.js';
import { lookAround, runToTheEnd } from '../faults/kill-harness.js';
import { createTally, type Tally } from '../faults/tally.js';

/** Each by what disk-fault.js calls it. */
const FAULTS = {
  kill: 'the run is killed before each operation on the disk',
  tear: 'the run is killed in the midst of each operation on the disk',
  full: 'the disk is full from each operation on',
  readonly: 'the disk is read-only from each operation on',
  once: 'each operation on the disk fails once',
};

describe.each(SCENARIOS)('$name', (scenario) => {
  it.each(Object.entries(FAULTS))('keeps all promises when (%s) %s', async (fault, _) => {
    await sweep(scenario, fault, {});
  });
});

it.each(SCENARIOS.filter(({ name }) => name.includes('swapped')))(
  'keeps all promises on a disk without hard links, killed before each operation, when $name',
  async (scenario) => {
    await sweep(scenario, 'kill', { DISK_FAULT_LINKS: 'none' });
  },
);

/** Lets the same run meet the fault at its first operation, at its second, and so on to the last. */
async function sweep(scenario: Scenario, fault: string, env: NodeJS.ProcessEnv): Promise<void> {
  const tally = createTally();
  const numbers = Array.from({ length: await operationsOf(scenario) }, (_, index) => index + 1).values();
  const suffer = async () => {
    for (const number of numbers) await meetFault({ scenario, diskFault: `${fault}:${number}`, env, tally });
  };
  await Promise.all([suffer(), suffer()]);
  console.log(`${scenario.name}: ${fault} ${JSON.stringify(env)}\n${tally.table()}`);
  expect(tally.findings).toEqual([]);
}

async function operationsOf(scenario: Scenario): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-count-'));
  const file = join(folder, 'count');
  const film = await scenario.make();
  const words = [scenario.command, film.manifest, '--yes'];
  const { code, stderr } = await runCommand(words, { diskFault: 'none', env: { DISK_FAULT_COUNT: file } });
  expect(code, stderr).toBe(0);
  const count = Number(await readFile(file, 'utf8'));
  await film.remove();
  await rm(folder, { recursive: true });
  return count;
}

async function meetFault(trial: {
  readonly scenario: Scenario;
  readonly diskFault: string;
  readonly env: NodeJS.ProcessEnv;
  readonly tally: Tally;
}): Promise<void> {
  const { scenario, diskFault, env, tally } = trial;
  const film = await scenario.make();
  try {
    const words = [scenario.command, film.manifest, '--yes'];
    const run = await runCommand(words, { diskFault, env });
    if (run.signal) tally.killed(diskFault.replace(/:.*/, ''));
    else tally.missed(diskFault);
    await lookAround(film, tally, `at ${diskFault}`);
    if (!run.signal) {
      const known = JSON.stringify((await readShotState(film.lockfile)).attempts());
      for (const { id } of film.server.jobs)
        if (!known.includes(`"${id}"`) && !run.stderr.includes(id) && !run.stdout.includes(id))
          tally.found('idsLost', `at ${diskFault}: nobody names ${id}:\n${run.stdout}\n${run.stderr}`);
    }
    if (scenario.command !== 'run') await runCommand(words);
    await runToTheEnd(film, tally);
  } finally {
    await film.remove();
  }
}
