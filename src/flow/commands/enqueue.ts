import { isoNow } from '../../clock.js';
import { DailiesError } from '../../errors.js';
import type { PlanDocument } from '../../domain/plan.js';
import { doneRerenders } from '../../plan/rerender.js';
import { createPollTiming } from '../../shot/poll-timing.js';
import { offerPlan, unlessTakenOver, type Offered } from '../batch/offer.js';
import { offerTerms } from '../batch/plan-batch.js';
import { openState } from '../batch/state.js';
import { checkWorkOptions } from '../project/check-options.js';
import { connect } from '../project/connections.js';
import { mayUseKey } from '../project/name-key.js';
import type { Project } from '../project/project.js';
import { clipsOf } from '../project/state-home.js';
import { agree, beginWork, type AgreeOptions } from './agree.js';

/** What was enqueued. */
export interface Enqueued extends Offered {
  readonly project: string;
  /** The batch's number in the store. */
  readonly batch: string;
  readonly plan: PlanDocument;
}

/**
 * Plans a project, asks for leave to spend, and stores all that workers need: they continue without this machine.
 * It sends no key for a submit. Throws as a run does before anything is bought, and `budget`, `unpriced` or `declined` if nothing
 * may be bought.
 */
export async function enqueueProject(
  project: Project,
  { signal = new AbortController().signal, ...options }: AgreeOptions & { readonly signal?: AbortSignal },
): Promise<Enqueued> {
  checkWorkOptions(options);
  const { clock, manifest, target } = project;
  const { attempts, shared, close } = await openState(project);
  const connections = connect(project, { usesKey: mayUseKey(target, options.withKey) });
  try {
    if (!shared) {
      throw new DailiesError('usage', 'enqueue needs the store that the workers use', {
        hint: 'name it with --store postgres://… or DAILIES_STORE; docs/scale.md says how to set one up',
      });
    }
    await shared.assertComplete();
    // No process recorded that these rerenders are done when the last take was delivered.
    for (const attempt of doneRerenders(attempts.attempts()))
      await attempts.record(attempt, { type: 'rerendered', at: isoNow(clock) }).catch(unlessTakenOver);
    const agreeing = { project, options, attempts, clips: clipsOf(project), connections, signal };
    const agreed = await agree(agreeing, { asksItself: false });
    if (agreed.stopped) {
      const { kind, message, hint } = agreed.stopped;
      const code = kind === 'unpriced' ? kind : kind === 'unconfirmed' ? 'declined' : 'budget';
      throw new DailiesError(code, message, { hint });
    }
    await beginWork(agreeing, agreed, shared);
    const timing = createPollTiming({ intervalMs: manifest.poll.intervalMs });
    const { examined } = agreed;
    const terms = offerTerms({ project, examined, attempts: shared.attempts, timing });
    const offered = await offerPlan(attempts, terms, examined);
    await shared.attempts.enqueued();
    return {
      ...{ project: manifest.project, batch: shared.attempts.batch() ?? '', plan: examined.plan },
      ...offered,
    };
  } finally {
    await connections.close();
    await close();
  }
}
