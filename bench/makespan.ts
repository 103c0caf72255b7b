import { atMost, merely, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import { randomFrom } from './poll-simulation.js';
import { measureSideBySide, median, type Rounds } from './side-by-side.js';
import { BARE, OURS, type BenchJob, type Client } from './work.js';

const CAP = 8;
const JOBS = 200;

/** How long 200 jobs of 0.3 to 2.5 s take at a cap of 8, beside the bound that arithmetic gives. */
export async function makespan(): Promise<Section> {
  const random = randomFrom(7);
  const jobs: BenchJob[] = Array.from({ length: JOBS }, (_, index) => ({
    id: `shot-${index}`,
    lengthMs: Math.round(300 + random() * 2200),
  }));
  const told = jobs.map((job) => ({ ...job, duration: Math.min(8, Math.ceil(job.lengthMs / 310)) }));
  const lengths = jobs.map(({ lengthMs }) => lengthMs);
  const boundMs = Math.max(lengths.reduce((a, b) => a + b, 0) / CAP, ...lengths);
  const gateway = await startGateway();
  try {
    // The guides ask every 30 s for jobs of some 30 to 240 s: a hundredth of both.
    const work = { jobs, cap: CAP, baseUrl: gateway.baseUrl, barePollMs: 300 };
    const alike = await measureSideBySide([OURS, BARE], { work, rounds: 3 });
    const unlike = await measureSideBySide([OURS], { work: { ...work, jobs: told }, rounds: 3 });
    const ratio = (results: ReadonlyMap<Client, Rounds>, client: Client) =>
      median((results.get(client) ?? []).map(({ wall_ms }) => wall_ms)) / boundMs;
    return {
      title: 'Makespan: 200 jobs of 0.3 to 2.5 s at a cap of 8, through max(longest, sum / cap)',
      findings: [
        atMost('dailies, from the start of its process to its end; longer clips take longer', {
          value: ratio(unlike, OURS),
          limit: 1.05,
        }),
        atMost('likewise, where nothing tells the lengths beforehand', {
          value: ratio(alike, OURS),
          limit: 1.05,
        }),
        merely(
          'such a batch in the order of the manifest, if each end was noticed at once',
          inOrder(lengths) / boundMs,
        ),
        merely("bare loop, asking at a hundredth of the guides' interval", ratio(alike, BARE)),
      ],
    };
  } finally {
    gateway.close();
  }
}

/** When the last of these jobs ends, each begun as soon as a slot is free. */
function inOrder(lengths: readonly number[]): number {
  const slots = Array<number>(CAP).fill(0);
  for (const length of lengths) {
    const first = slots.indexOf(Math.min(...slots));
    slots[first] = (slots[first] ?? 0) + length;
  }
  return Math.max(...slots);
}
