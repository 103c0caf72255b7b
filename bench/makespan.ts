import { atMost, merely, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import { randomFrom } from './poll-simulation.js';
import { measureSideBySide, median } from './side-by-side.js';
import { BARE, OURS, type BenchJob } from './work.js';

const CAP = 8;
const JOBS = 200;

/** How long 200 jobs of 0.3 to 2.5 s take at a cap of 8, beside the bound that arithmetic gives. */
export async function makespan(): Promise<Section> {
  const random = randomFrom(7);
  const jobs: BenchJob[] = Array.from({ length: JOBS }, (_, index) => ({
    id: `shot-${index}`,
    lengthMs: Math.round(300 + random() * 2200),
  }));
  const lengths = jobs.map(({ lengthMs }) => lengthMs);
  const boundMs = Math.max(lengths.reduce((a, b) => a + b, 0) / CAP, ...lengths);
  const gateway = await startGateway();
  try {
    // The guides ask every 30 s for jobs of some 30 to 240 s: a hundredth of both.
    const work = { jobs, cap: CAP, baseUrl: gateway.baseUrl, barePollMs: 300 };
    const results = await measureSideBySide([OURS, BARE], { work, rounds: 3 });
    const times = (client: typeof OURS) =>
      median((results.get(client) ?? []).map(({ wall_ms }) => wall_ms)) / boundMs;
    return {
      title: 'Makespan: 200 jobs of 0.3 to 2.5 s at a cap of 8, through max(longest, sum / cap)',
      findings: [
        atMost('dailies, from the start of its process to its end', { value: times(OURS), limit: 1.05 }),
        merely("bare loop, asking at a hundredth of the guides' interval, likewise", times(BARE)),
      ],
    };
  } finally {
    gateway.close();
  }
}
