/** One line of the results: what was measured, what it should be, and what it was. */
export interface Finding {
  readonly what: string;
  readonly target: string;
  readonly found: string;
  /** Undefined where there is no target. */
  readonly isMet?: boolean;
}

/** A part of the benchmark: its findings, and what else there is to show, as Markdown. */
export interface Section {
  readonly title: string;
  readonly findings: readonly Finding[];
  readonly notes?: string;
}

/** A finding that something is at most so much. */
export function atMost(what: string, { value, limit, unit = '×' }: Bound): Finding {
  return { what, target: `≤ ${limit} ${unit}`, found: `${shown(value)} ${unit}`, isMet: value <= limit };
}

/** A finding that something is at least so much. */
export function atLeast(what: string, { value, limit, unit = '×' }: Bound): Finding {
  return { what, target: `≥ ${limit} ${unit}`, found: `${shown(value)} ${unit}`, isMet: value >= limit };
}

/** A finding to which nothing is to be held. */
export function merely(what: string, value: number, unit = '×'): Finding {
  return { what, target: '', found: `${shown(value)} ${unit}` };
}

interface Bound {
  readonly value: number;
  readonly limit: number;
  readonly unit?: string;
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
