import type { Section } from './finding.js';
import { compareEvents, comparePolling, eventMakespan, pollTable } from './poll-simulation.js';

/** What learned polling notices, and when, on a simulated clock. */
export function polling(): Section {
  const rows = comparePolling({ seed: 1, cap: 8 });
  const learned = rows.find(({ policy, mix }) => policy === 'learned' && mix === 'steady');
  const unnoticed = (learned?.unnoticed ?? NaN) * 100;
  const polls = learned?.pollsPerJob ?? NaN;
  const jumps = rows
    .filter(({ policy }) => policy === 'learned')
    .every((row) => {
      const fixed = rows.find(({ policy, mix }) => policy === 'fixed 10 s' && mix === row.mix);
      return fixed !== undefined && row.unnoticed <= fixed.unnoticed;
    });
  return {
    title: 'Adaptive polling, simulated: six models, 300 jobs, cold start included',
    findings: [
      {
        what: 'unnoticed share of a job',
        target: '≤ 4.5 %',
        found: `${unnoticed.toFixed(1)} %`,
        isMet: unnoticed <= 4.5,
      },
      { what: 'polls a job', target: '≤ 8', found: polls.toFixed(1), isMet: polls <= 8 },
      {
        what: 'lengths jump: worse than a fixed 10 s',
        target: 'never',
        found: jumps ? 'never' : 'yes',
        isMet: jumps,
      },
    ],
    notes: pollTable(rows),
  };
}

/** What webhooks make of that, on the same simulated clock. */
export function webhooks(): Section {
  const rows = compareEvents({ seed: 1, cap: 8 });
  const of = (mix: string) => rows.find((row) => row.mix === mix);
  const share = (mix: string, limit: number) => {
    const percent = (of(mix)?.unnoticed ?? NaN) * 100;
    return { target: `≤ ${limit} %`, found: `${percent.toFixed(2)} %`, isMet: percent <= limit };
  };
  const polls = of('all arrive')?.pollsPerJob ?? NaN;
  const makespans = Array.from({ length: 10 }, (_, index) => eventMakespan({ seed: index + 1, cap: 8 }));
  const worst = Math.max(...makespans);
  return {
    title: 'Webhooks, simulated: the same 300 jobs, each event 0.1 s after the end',
    findings: [
      { what: 'unnoticed share of a job', ...share('all arrive', 0.5) },
      { what: 'polls a job', target: '≤ 1.5', found: polls.toFixed(2), isMet: polls <= 1.5 },
      { what: 'unnoticed share of a job, one event in ten lost', ...share('one in ten is lost', 1.5) },
      {
        what: '200 jobs of unknown length: makespan, through that of the same order if each end is noticed at once; the worst of 10 batches',
        target: '≤ 1.01 ×',
        found: `${worst.toFixed(4)} ×`,
        isMet: worst <= 1.01,
      },
    ],
    notes: pollTable(rows),
  };
}
