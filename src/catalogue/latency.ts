import { isRecord } from '../domain/is-record.js';
import { decimal } from './decimal.js';

/**
 * How long the jobs of a model usually take, in milliseconds, as its entry in the catalogue tells; undefined if it does not. No
 * documentation of the video API has such a figure, so it is read under any name that related lists have for it
 * (`latency`, `median_latency_ms`, `latency_last_30m: { p50 }`), and a figure without sense counts as none.
 */
export function latencyOf(entry: Readonly<Record<string, unknown>>): number | undefined {
  for (const [name, value] of Object.entries(entry)) {
    if (!LATENCY.test(name)) continue;
    const figure = decimal(value) ?? (isRecord(value) ? middleOf(value) : undefined);
    const ms = figure === undefined ? undefined : figure * msIn(name, figure);
    if (ms !== undefined && ms >= SHORTEST_MS && ms <= LONGEST_MS) return Math.round(ms);
  }
  return undefined;
}

const LATENCY =
  /^(?:(?:median|average|avg|mean|typical|expected|p50)_)?(?:latency|generation_time|processing_time)(?:_|$)/;

/** No clip is made faster, and hardly any takes longer: such a figure is about something else. */
const SHORTEST_MS = 1000;
const LONGEST_MS = 2 * 3_600_000;

function middleOf(figures: Readonly<Record<string, unknown>>): number | undefined {
  return ['p50', 'median', 'average', 'mean'].map((name) => decimal(figures[name])).find(Boolean);
}

/** Where the name has no unit, the figure tells it: no job takes an hour, and none less than four seconds. */
function msIn(name: string, figure: number): number {
  if (/_(?:ms|milliseconds)$/.test(name)) return 1;
  return /_(?:s|sec|seconds)$/.test(name) || figure < 3600 ? 1000 : 1;
}
