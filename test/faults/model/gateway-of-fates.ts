import {
  startGatewayServer,
  type Endpoint,
  type Fault,
  type GatewayServer,
  type HeldJob,
  type SeenRequest,
} from '../../helpers/gateway-server.js';
import { marked } from '../film.js';
import type { Fate, Run, Story } from './story.js';

/** What a shot of the story is estimated at: 4 s of the model at 3 cents. US dollars. */
const ESTIMATE_USD = 0.12;

/** A gateway that counts, and whose jobs each have a fate. */
export interface GatewayOfFates extends Pick<GatewayServer, 'jobs' | 'baseUrl' | 'close'> {
  /** The key of a life: with it the gateway tells the living from the dead. */
  keyOf(life: number): string;
  /** From now on nothing that this life sends arrives. */
  forget(life: number): void;
  /** The requests of the run to come meet its faults; `onRequest` is called for each. */
  prepare(run: Run, onRequest: () => void): void;
  /** The gateway knows all its jobs again, and none disappears that was asked for. */
  restore(): void;
  /** From now on every job that is not at its end completes. */
  behave(): void;
  readonly clipOf: (job: HeldJob) => Buffer;
  readonly hasFailed: (job: HeldJob) => boolean;
  /** The least that a job is known to have cost: what was reported, as far as it was, else no more than the estimate. */
  chargeOf(id: string, isReported: boolean): number;
}

export async function openGatewayOfFates(story: Story, clip: Buffer): Promise<GatewayOfFates> {
  const server = await startGatewayServer();
  const deadKeys = new Set<string>();
  const vanished = new Set<string>();
  const returned = new Set<string>();
  let behaves = false;
  let faults: Partial<Record<Endpoint, (Fault | undefined)[]>> = {};
  let tell: () => void = () => undefined;

  const clipOf = (job: HeldJob) => marked(clip, job.id);
  const numberOf = (job: HeldJob) => server.jobs.indexOf(job);
  const fateOf = (job: HeldJob): Fate => {
    const fate = story.fates[numberOf(job) % story.fates.length] ?? 'completed';
    if (behaves && fate !== 'completed') return 'completed';
    return fate === 'vanished' && returned.has(job.id) ? 'completed' : fate;
  };
  const costOf = (job: HeldJob) => story.costs[numberOf(job) % story.costs.length];
  const isAtEnd = (job: HeldJob) => ['completed', 'failed', 'cancelled', 'expired'].includes(job.state);

  function driveJob(job: HeldJob): void {
    if (isAtEnd(job) || job.polls < 1) return;
    const cost = costOf(job);
    const fate = fateOf(job);
    switch (fate) {
      case 'completed':
        job.complete(clipOf(job), cost === undefined ? {} : { cost });
        break;
      case 'failed':
      case 'cancelled':
      case 'expired':
        job.end(fate, 'content policy', typeof cost === 'number' ? { cost } : {});
        break;
      case 'slow':
        if (job.polls >= 8) job.complete(clipOf(job), cost === undefined ? {} : { cost });
        else job.status('in_progress');
        break;
      case 'odd':
        if (job.polls >= 5) job.complete(clipOf(job), cost === undefined ? {} : { cost });
        else job.status('simmering');
        break;
      case 'vanished':
        vanished.add(job.id);
        job.vanish();
    }
  }

  server.onRequest((request) => {
    if (deadKeys.has(keyIn(request))) throw new Error('from the dead');
    tell();
    if (deadKeys.has(keyIn(request))) throw new Error('from the dead');
    const fault = faults[request.endpoint]?.shift();
    if (fault !== undefined) server.failNext(fault, { on: request.endpoint });
    const id = /\/videos\/([^/?]+)/.exec(request.path)?.[1];
    const job = request.endpoint === 'poll' ? server.jobs.find((known) => known.id === id) : undefined;
    if (job) driveJob(job);
  });

  const gateway: GatewayOfFates = {
    baseUrl: server.baseUrl,
    jobs: server.jobs,
    close: () => server.close(),
    keyOf: (life) => `sk-life-${life}`,
    forget: (life) => deadKeys.add(`sk-life-${life}`),
    prepare(run, onRequest) {
      faults = { submit: [...run.submits], poll: [...run.polls], content: [...run.contents] };
      tell = onRequest;
    },
    restore() {
      for (const job of server.jobs) {
        if (vanished.delete(job.id)) returned.add(job.id);
        job.restore();
      }
    },
    behave() {
      behaves = true;
      gateway.restore();
    },
    clipOf,
    hasFailed: (job) => ['failed', 'cancelled', 'expired'].includes(job.state),
    chargeOf(id, isReported) {
      const job = server.jobs.find((known) => known.id === id);
      if (!job) return 0;
      // Whoever brings a key of his own pays his provider.
      const cost = job.isByok ? ESTIMATE_USD : (costOf(job) ?? ESTIMATE_USD);
      return isReported ? cost : Math.min(cost, ESTIMATE_USD);
    },
  };
  return gateway;
}

function keyIn({ headers }: SeenRequest): string {
  return (headers.authorization ?? '').replace('Bearer ', '');
}
