import { atMost, merely, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import type { Usage } from './probe.js';
import { least, measureSideBySide, median, type Rounds } from './side-by-side.js';
import { BARE, OURS, SDK, type Client, type Work } from './work.js';

const CAP = 64;
const JOBS = 4000;
const ROUNDS = 3;

/** What the work around the jobs costs: jobs of no length at all, side by side with clients that do nothing else. */
export async function overhead(): Promise<Section> {
  const gateway = await startGateway();
  try {
    const work = zeroLengthWork(JOBS, gateway.baseUrl);
    const results = await measureSideBySide([OURS, BARE, SDK], { work, rounds: ROUNDS });
    const of = (client: Client): Rounds => results.get(client) ?? [];
    const ratio = (quantity: keyof Usage, client: Client, to: Client) =>
      least(of(client), quantity) / least(of(to), quantity);
    // What the bare loop writes into files is the clips, and nothing else.
    const clipBytes = median(of(BARE).map((usage) => usage.written_bytes - usage.socket_bytes));
    const extra = (median(of(OURS).map(({ written_bytes }) => written_bytes)) - clipBytes) / JOBS / 1000;
    return {
      title: `Overhead: ${JOBS.toLocaleString('en')} jobs of no length at a cap of ${CAP}`,
      findings: [
        atMost('CPU, through the bare loop’s', { value: ratio('cpu_ms', OURS, BARE), limit: 1.3 }),
        atMost('wall time, through the bare loop’s', { value: ratio('wall_ms', OURS, BARE), limit: 1.3 }),
        atMost('bytes written to files, sockets and pipes, beyond the clips', {
          value: extra,
          limit: 8,
          unit: 'kB a shot',
        }),
        merely('CPU of the SDK loop, through the bare loop’s', ratio('cpu_ms', SDK, BARE)),
        merely('wall time of the SDK loop, through the bare loop’s', ratio('wall_ms', SDK, BARE)),
        merely('CPU, through the SDK loop’s', ratio('cpu_ms', OURS, SDK)),
      ],
    };
  } finally {
    gateway.close();
  }
}

/** Whether CPU and bytes per shot stay what they are when there are a hundred times as many. */
export async function growth(): Promise<Section> {
  const [few, many] = [400, 40_000];
  const gateway = await startGateway();
  try {
    const perShot = async (jobs: number, quantity: (usage: Usage) => number, rounds: number) => {
      const results = await measureSideBySide([OURS], {
        work: zeroLengthWork(jobs, gateway.baseUrl),
        rounds,
      });
      return Math.min(...(results.get(OURS) ?? []).map(quantity)) / jobs;
    };
    const small = { cpu: await perShot(few, cpuOf, 3), bytes: await perShot(few, bytesOf, 1) };
    const results = await measureSideBySide([OURS], {
      work: zeroLengthWork(many, gateway.baseUrl),
      rounds: 1,
    });
    const [large] = results.get(OURS) ?? [];
    if (!large) throw new Error('nothing was measured');
    return {
      title: 'Growth from 400 to 40,000 shots',
      findings: [
        atMost('CPU a shot', { value: cpuOf(large) / many / small.cpu, limit: 1.1 }),
        atMost('bytes written a shot', { value: bytesOf(large) / many / small.bytes, limit: 1.1 }),
        merely('most memory with 40,000 shots', large.peak_bytes / 1e6, 'MB'),
      ],
    };
  } finally {
    gateway.close();
  }
}

function cpuOf(usage: Usage): number {
  return usage.cpu_ms;
}

function bytesOf(usage: Usage): number {
  return usage.written_bytes;
}

function zeroLengthWork(count: number, baseUrl: string): Work {
  const jobs = Array.from({ length: count }, (_, index) => ({ id: `shot-${index}`, lengthMs: 0 }));
  return { jobs, cap: CAP, baseUrl, barePollMs: 0 };
}
