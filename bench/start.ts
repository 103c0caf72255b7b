import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atMost, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import { measure } from './measure.js';
import { median } from './side-by-side.js';
import { CLI, manifestOf, OURS, withFolder } from './work.js';

const ROUNDS = 15;

/** How long a person waits before anything is seen, beyond Node's own start. */
export async function start(): Promise<Section> {
  const gateway = await startGateway();
  try {
    return await withFolder(async (folder) => {
      const jobs = Array.from({ length: 20 }, (_, index) => ({ id: `shot-${index}`, lengthMs: 0 }));
      const work = { jobs, cap: 8, baseUrl: gateway.baseUrl, barePollMs: 0 };
      await measure(await OURS.prepare(work, folder));
      const manifest = join(folder, 'film.yaml');
      await writeFile(manifest, manifestOf(work));
      const commands = { node: ['-e', '0'], help: [CLI, '--help'], status: [CLI, 'status', manifest] };
      const times: Record<keyof typeof commands, number[]> = { node: [], help: [], status: [] };
      for (let round = 0; round < ROUNDS; round += 1) {
        times.node.push(milliseconds(commands.node));
        times.help.push(milliseconds(commands.help));
        times.status.push(milliseconds(commands.status));
      }
      const beyond = (of: readonly number[]) => median(of) - median(times.node);
      return {
        title: 'Start, beyond that of `node -e 0`',
        findings: [
          atMost('dailies --help', { value: beyond(times.help), limit: 150, unit: 'ms' }),
          atMost('dailies status', { value: beyond(times.status), limit: 150, unit: 'ms' }),
        ],
      };
    });
  } finally {
    gateway.close();
  }
}

function milliseconds(words: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, words, {
    stdio: 'ignore',
    env: { ...process.env, BENCH_KEY: 'sk' },
  });
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}`);
  return performance.now() - start;
}
