import type { Attempt } from '../../src/domain/attempt.js';
import { plainSettings } from '../../src/domain/plain-settings.js';
import type { Take } from '../../src/domain/take.js';
import { createClaims } from '../../src/plan/claims.js';
import type { Decision, DecisionContext } from '../../src/plan/decision.js';
import { decideAll } from '../../src/plan/decide.js';
import { slotKey } from '../../src/plan/graph.js';

/** What differs from a project in order. */
export type Changes = Partial<Omit<DecisionContext, 'decided'>>;

/** What is decided about each of some takes, where all is in order but for the changes. */
export function decideWith(takes: readonly Take[], attempts: readonly Attempt[], changes: Changes = {}) {
  const claims = createClaims(attempts, takes, changes.picks ?? {}, changes.spell);
  const decisions = decideAll(takes, decisionContext({ claims, ...changes }));
  return (take: Take): Decision => {
    const decision = decisions.get(slotKey(take));
    if (!decision) throw new Error(`no decision about ${take.key}`);
    return decision;
  };
}

/** What decisions rest on in a project where all is in order but for the changes. */
export function decisionContext(
  changes: Changes & Pick<DecisionContext, 'claims'>,
): Omit<DecisionContext, 'decided'> {
  return {
    picks: {},
    spell: plainSettings,
    approve: false,
    rerender: new Set(),
    remade: new Set(),
    retryFailed: true,
    resubmitUncertain: false,
    localInput: () => undefined,
    clipStatus: () => 'intact',
    isOfThisGateway: () => true,
    isInScope: () => true,
    ...changes,
  };
}
