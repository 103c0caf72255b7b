import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { createBudgetLedger } from '../../src/flow/budget-ledger.js';
import { createClipIndex } from '../../src/flow/clip-index.js';
import { note } from '../../src/flow/run-context.js';
import { newFolder, openIn, order } from '../store/fixtures.js';

it('notes no move that an attempt cannot make, and says so', async () => {
  const store = await openIn(newFolder());
  const ledger = createBudgetLedger({ attempts: [] });
  const context = { store, ledger, clips: createClipIndex([]), clock: systemClock };
  const attempt = store.begin(order('sea'));
  expect(() => note(context, attempt, { type: 'completed' })).toThrow(/cannot go from planned by completed/);
  expect(store.get(attempt.id).state.kind).toBe('planned');
});
