import type { Catalogue } from '../../domain/catalogue.js';
import { isoNow } from '../../clock.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { BatchToPlan } from '../../store/postgres/batches.js';
import type { PostgresAttempts } from '../../store/postgres/open-store.js';
import type { PollTiming } from '../../shot/poll-timing.js';
import { examine } from '../plan/examine.js';
import { pricesBy } from '../plan/prices.js';
import { gatewayIdentity } from '../project/connections.js';
import type { Project } from '../project/project.js';
import { arePicksAlike } from '../../plan/picks.js';
import { copyCounter, replacedIn, type OrderTerms } from '../work/orders.js';
import { workSequence, type WorkSequence } from '../work/work-sequence.js';
import type { JobOrder } from '../work/worker.js';
import type { Examined } from '../plan/examine.js';
import { projectOf, type WorkerPlace } from './batch-document.js';
import { offerPlan, type Offered } from './offer.js';

/**
 * Plans a batch again, by the same rules as a run, and offers the work that has become possible since. The catalogue is the one that the batch was
 * enqueued with. Throws as `projectOf` and `examine`.
 */
export async function planBatch(
  attempts: PostgresAttempts<JobOrder>,
  batch: BatchToPlan,
  {
    place,
    clips,
    timing,
    signal,
  }: {
    readonly place: WorkerPlace;
    readonly clips: ClipStore;
    readonly timing: PollTiming;
    readonly signal: AbortSignal;
  },
): Promise<Offered> {
  const { project, scope } = projectOf(batch.doc, place);
  const known = attempts.catalogue();
  const catalogue: Catalogue | undefined = known && {
    ...{ models: known.models, fetched_at: isoNow(place.clock), source: 'snapshot' },
  };
  const examined = await examine({
    ...{ project, state: attempts, clips, repaired: [], scope, signal },
    remote: { preflight: false },
    findCatalogue: () => Promise.resolve({ catalogue, diagnostics: [] }),
  });
  const { picks } = examined.surveyed;
  if (!arePicksAlike(picks, attempts.picks())) await attempts.setPicks(picks);
  const offered = await offerPlan(attempts, offerTerms({ project, examined, attempts, timing }), examined);
  await attempts.enqueued();
  await attempts.planned(batch.batch, { changes: batch.changes, waiting: offered.waiting });
  return offered;
}

/** What it takes to make the orders of a plan. */
export function offerTerms({
  project,
  examined: { surveyed, catalogue },
  attempts,
  timing,
}: {
  readonly project: Project;
  readonly examined: Examined;
  readonly attempts: Pick<PostgresAttempts<JobOrder>, 'copies' | 'attempts'>;
  readonly timing: PollTiming;
}): OrderTerms & { readonly sequence: WorkSequence } {
  return {
    survey: surveyed,
    sequence: workSequence({ survey: surveyed, timing }),
    gateway: gatewayIdentity(project.target),
    manifest: project.manifest,
    retries: project.manifest.retries,
    priceOf: pricesBy(catalogue, project),
    nextCopy: copyCounter(attempts.copies()),
    isReplaced: replacedIn(attempts.attempts()),
  };
}
