import { atMost, merely, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import { randomFrom } from './poll-simulation.js';
import { measureSideBySide } from './side-by-side.js';
import { BARE, HOOKED, OURS, type BenchJob, type Client } from './work.js';

const CAP = 8;
const JOBS = 200;
/** Batches drawn one after the other: what order a single one happens to come in moves its makespan by 3 %. */
const BATCHES = Array.from({ length: 10 }, (_, index) => batch(index + 1));

/** How long 200 jobs of 0.3 to 2.5 s take at a cap of 8, beside the bound that arithmetic gives. */
export async function makespan(): Promise<Section> {
  const gateway = await startGateway();
  /** What some batches took, each through its own bound. */
  const measured = async (client: Client, batches: readonly Jobs[]): Promise<number[]> => {
    const ratios: number[] = [];
    for (const jobs of batches) {
      // The guides ask every 30 s for jobs of some 30 to 240 s: a hundredth of both.
      const work = { jobs, cap: CAP, baseUrl: gateway.baseUrl, barePollMs: 300 };
      const [usage] = (await measureSideBySide([client], { work, rounds: 1 })).get(client) ?? [];
      ratios.push((usage?.wall_ms ?? NaN) / boundMs(jobs));
    }
    return ratios;
  };
  /** From the first submit to the last end, through what the same order takes if each end is noticed at once. */
  const announced = async (batches: readonly Jobs[]): Promise<number[]> => {
    const ratios: number[] = [];
    for (const jobs of batches) {
      const work = { jobs, cap: CAP, baseUrl: gateway.baseUrl, barePollMs: 300 };
      await gateway.counts();
      await measureSideBySide([HOOKED], { work, rounds: 1 });
      ratios.push((await gateway.counts()).jobs_span_ms / inOrder(jobs));
    }
    return ratios;
  };
  try {
    const few = BATCHES.slice(0, 3);
    const untold = await measured(OURS, BATCHES);
    return {
      title: `Makespan: ${JOBS} jobs of 0.3 to 2.5 s at a cap of ${CAP}, through max(longest, sum / cap)`,
      findings: [
        atMost('dailies, from the start of its process to its end; longer clips take longer', {
          value: mean(await measured(OURS, few.map(told))),
          limit: 1.05,
        }),
        atMost(`likewise, where nothing tells the lengths beforehand; mean of ${BATCHES.length} batches`, {
          value: mean(untold),
          limit: 1.05,
        }),
        merely('the worst of these batches', Math.max(...untold)),
        merely(
          'with webhooks, from the first submit to the last end, through the same order if each end was noticed at once',
          mean(await announced(few)),
        ),
        merely(
          'such batches in the order of the manifest, if each end was noticed at once',
          mean(BATCHES.map((jobs) => inOrder(jobs) / boundMs(jobs))),
        ),
        merely("bare loop, asking at a hundredth of the guides' interval", mean(await measured(BARE, few))),
      ],
    };
  } finally {
    gateway.close();
  }
}

type Jobs = readonly BenchJob[];

/** The n-th batch: lengths drawn evenly. */
function batch(seed: number): Jobs {
  const random = randomFrom(seed);
  return Array.from({ length: JOBS }, (_, index) => ({
    id: `shot-${index}`,
    lengthMs: Math.round(300 + random() * 2200),
  }));
}

/** The same jobs, with durations that tell how long each will take. */
function told(jobs: Jobs): Jobs {
  return jobs.map((job) => ({ ...job, duration: Math.min(8, Math.ceil(job.lengthMs / 310)) }));
}

function boundMs(jobs: Jobs): number {
  const lengths = jobs.map(({ lengthMs }) => lengthMs);
  return Math.max(lengths.reduce((a, b) => a + b, 0) / CAP, ...lengths);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** When the last of these jobs ends, each begun as soon as a slot is free. */
function inOrder(jobs: Jobs): number {
  const slots = Array<number>(CAP).fill(0);
  for (const { lengthMs } of jobs) {
    const first = slots.indexOf(Math.min(...slots));
    slots[first] = (slots[first] ?? 0) + lengthMs;
  }
  return Math.max(...slots);
}
