import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttemptEvent } from '../../src/domain/attempt.js';
import { countedUsd } from '../../src/cost/budget.js';
import { advance } from '../../src/shot/advance.js';
import { DELIVERED, makeAttempt, makeTake } from '../helpers/takes.js';

const at = '2026-01-01T11:00:00.000Z';
const job = { id: 'job-x' };
const EVENTS: readonly AttemptEvent[] = [
  { type: 'submit_started', at },
  { type: 'accepted', at, job },
  { type: 'not_accepted', at, message: '429' },
  { type: 'refused', at, status: 400, message: 'no' },
  { type: 'answer_lost', at, message: 'reset' },
  { type: 'resumed', at },
  { type: 'progressed', at, status: 'in_progress' },
  { type: 'completed', at, cost_usd: 2 },
  { type: 'ended', at, status: 'failed', message: 'no' },
  { type: 'lost', at, message: '404' },
  { type: 'found', at },
  { type: 'download_started', at },
  { type: 'download_failed', at, message: 'cut' },
  { type: 'delivered', at, outputs: [] },
  { type: 'pruned', at },
  { type: 'resolved', at, as: 'job', job },
  { type: 'resolved', at, as: 'not_charged' },
  { type: 'resolved', at, as: 'abandoned' },
];

describe('an attempt', () => {
  it('keeps its job id in whatever state follows, however the events come', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 60 }), (events) => {
        let attempt = makeAttempt(makeTake('sea'));
        let hadJob = false;
        for (const event of events) {
          try {
            attempt = advance(attempt, event);
          } catch {
            continue;
          }
          const has = 'job' in attempt.state;
          expect([hadJob, has]).not.toEqual([true, false]);
          hadJob = has;
        }
      }),
    );
  });

  it.each<AttemptEvent>([
    { type: 'completed', at, details: { served_by: 'Acme' } },
    { type: 'ended', at, status: 'failed', message: 'no', details: { served_by: 'Acme' } },
  ])('keeps what the gateway has told of its job: $type', (event) => {
    const pending = advance(makeAttempt(makeTake('sea'), 'sent'), {
      type: 'accepted',
      at,
      job: { id: 'job-x', generation_id: 'gen-1' },
    });
    expect(advance(pending, event).state).toMatchObject({
      job: { id: 'job-x', generation_id: 'gen-1', served_by: 'Acme' },
    });
  });

  it('is submitted at most once unless the gateway said that it took nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 60 }), (events) => {
        let attempt = makeAttempt(makeTake('sea'));
        let mayHaveBeenCharged = false;
        for (const event of events) {
          try {
            attempt = advance(attempt, event);
          } catch {
            continue;
          }
          if (event.type === 'submit_started') expect(mayHaveBeenCharged).toBe(false);
          if (event.type === 'accepted' || event.type === 'answer_lost') mayHaveBeenCharged = true;
          if (mayHaveBeenCharged && attempt.state.kind !== 'not_charged')
            expect(countedUsd(attempt)).not.toBe(0);
        }
      }),
    );
  });

  it('has times that never run backwards, however often the clock is set between its steps', () => {
    const steps = fc.array(
      fc.tuple(fc.constantFrom(...EVENTS), fc.date({ noInvalidDate: true, min: new Date(0) })),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(steps, (events) => {
        let attempt = makeAttempt(makeTake('sea'));
        for (const [event, time] of events) {
          const before = Math.max(...Object.values(attempt.times));
          try {
            attempt = advance(attempt, { ...event, at: time.toISOString() });
          } catch {
            continue;
          }
          const { submitted = before, accepted = submitted, completed = accepted } = attempt.times;
          expect(Math.max(...Object.values(attempt.times))).toBeGreaterThanOrEqual(before);
          expect(accepted).toBeGreaterThanOrEqual(submitted);
          expect(completed).toBeGreaterThanOrEqual(accepted);
        }
      }),
    );
  });

  it('refuses a move that the diagram does not have', () => {
    const delivered = makeAttempt(makeTake('sea'), ...DELIVERED);
    expect(() => advance(delivered, { type: 'submit_started', at })).toThrow(/cannot go from delivered/);
  });

  it('stays delivered whatever becomes of its clip: fetched again, lost, removed', () => {
    const delivered = makeAttempt(makeTake('sea'), ...DELIVERED);
    const lost = advance(delivered, { type: 'lost', at, message: '404' });
    expect(lost.state).toEqual({ ...delivered.state, lost: '404' });
    expect(advance(lost, { type: 'delivered', at, outputs: [] }).state).toEqual({
      kind: 'delivered',
      since: at,
      job: delivered.state.kind === 'delivered' && delivered.state.job,
      cost_usd: 0.5,
      outputs: [],
    });
    expect(advance(delivered, { type: 'pruned', at }).state).toEqual({ ...delivered.state, pruned: true });
  });

  it('is given up by hand once its clip is lost, and not before', () => {
    const delivered = makeAttempt(makeTake('sea'), ...DELIVERED);
    const abandon = { type: 'resolved', at, as: 'abandoned' } as const;
    expect(() => advance(delivered, abandon)).toThrow(/cannot go from delivered/);
    const lost = advance(delivered, { type: 'lost', at, message: '404' });
    expect(advance(lost, abandon).state).toMatchObject({ kind: 'abandoned', cost_usd: 0.5 });
  });

  it('keeps the reported cost from the end of the job to the delivery', () => {
    expect(makeAttempt(makeTake('sea'), ...DELIVERED).state).toMatchObject({ cost_usd: 0.5 });
  });
});
