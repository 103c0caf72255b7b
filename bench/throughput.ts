import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../src/clock.js';
import { openGateway } from '../src/gateway/gateway.js';
import { atLeast, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import { median } from './side-by-side.js';
import { withFolder } from './work.js';

const CLIP_BYTES = 400_000_000;
const ROUNDS = 5;

/** One large clip: streamed, hashed, on the disk for good; beside `curl` and `sync` of the same file. */
export async function throughput(): Promise<Section> {
  const server = await startGateway(CLIP_BYTES);
  const gateway = openGateway({
    baseUrl: server.baseUrl,
    apiKey: 'sk-bench',
    clock: systemClock,
    proxyEnv: {},
  });
  try {
    const ratios = { bare: [] as number[], synced: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const source = gateway.contentUrl({ id: `job-${round}` }, 0);
      const oursMs = await timed((target) =>
        gateway.download({
          source,
          target,
          identity: 'clip',
          maxBytes: Infinity,
          signal: new AbortController().signal,
        }),
      );
      const curl = (target: string) => run('curl', ['-s', '-S', '-o', target, source.url]);
      ratios.bare.push((await timed(curl)) / oursMs);
      ratios.synced.push(
        (await timed(async (target) => (await curl(target), run('sync', ['-d', target])))) / oursMs,
      );
    }
    return {
      title: 'Throughput of one clip of 400 MB',
      findings: [
        atLeast('hashed and fsynced, through that of curl and sync of its file', {
          value: median(ratios.synced),
          limit: 0.9,
        }),
        atLeast('hashed and fsynced, through that of curl, which does neither', {
          value: median(ratios.bare),
          limit: 0.9,
        }),
      ],
    };
  } finally {
    await gateway.close();
    server.close();
  }
}

function timed(download: (target: string) => Promise<unknown>): Promise<number> {
  return withFolder(async (folder) => {
    const start = performance.now();
    await download(join(folder, 'clip.part'));
    return performance.now() - start;
  });
}

async function run(command: string, words: readonly string[]): Promise<void> {
  const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}
