import type { Section } from './finding.js';
import { comparePolling, pollTable } from './poll-simulation.js';

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
