import type { Findings } from './invariants.js';

/**
 * What may be found against the program: the broken promises, clips that were paid for and lie nowhere in the end, and
 * projects that a restart does not bring to their end.
 */
export type Finding = keyof Findings | 'clipsLost' | 'stuck';

/** Keeps count over many kills. */
export interface Tally {
  /** A run was killed at this point. */
  killed(point: string): void;
  /** A run ended before it came to the point it was to be killed at. */
  missed(point: string): void;
  /** A run was started that nobody disturbed. */
  restarted(): void;
  /** A shot was settled by hand, because a kill had swallowed the answer to its submit. */
  settled(): void;
  delivered(shots: number): void;
  found(finding: Finding, what: string): void;
  /** All that was found, in words. */
  readonly findings: readonly string[];
  readonly kills: number;
  /** The points that were struck. */
  readonly points: ReadonlySet<string>;
  /** A table for people. */
  table(): string;
}

export function createTally(): Tally {
  const kills = new Map<string, number>();
  const missed = new Map<string, number>();
  const found = new Map<Finding, number>();
  const findings: string[] = [];
  const counts = { restarts: 0, settled: 0, shots: 0 };
  const add = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1);
  const sum = () => [...kills.values()].reduce((total, count) => total + count, 0);
  return {
    killed: (point) => add(kills, point),
    missed: (point) => add(missed, point),
    restarted: () => (counts.restarts += 1),
    settled: () => (counts.settled += 1),
    delivered: (shots) => (counts.shots += shots),
    found(finding, what) {
      add(found, finding);
      findings.push(`${finding}: ${what}`);
    },
    findings,
    get kills() {
      return sum();
    },
    get points() {
      return new Set(kills.keys());
    },
    table() {
      const count = (finding: Finding) => found.get(finding) ?? 0;
      const rows: (readonly [string, number])[] = [
        ...kills,
        ['kills in all', sum()],
        ['runs that ended before their kill', [...missed.values()].reduce((total, one) => total + one, 0)],
        ['undisturbed restarts', counts.restarts],
        ['shots delivered in the end', counts.shots],
        ['submits without an answer, settled by hand', counts.settled],
        ['shots paid twice', count('paidTwice')],
        ['job ids lost', count('idsLost')],
        ['torn lockfiles', count('torn')],
        ['truncated clips', count('truncated')],
        ['clips lost', count('clipsLost')],
        ['projects that got stuck', count('stuck')],
      ];
      return rows.map(([what, number]) => `${String(number).padStart(6)}  ${what}`).join('\n');
    },
  };
}
