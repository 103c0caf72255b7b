import type { SheetTake } from './data.js';

/** One job in the picture of the run. Times are pixels from the left. */
export interface TimelineJob {
  readonly take: SheetTake;
  /** Counted from the top. */
  readonly lane: number;
  readonly from: number;
  /** Where rendering began; equal to `from` if the gateway did not say. */
  readonly started: number;
  /** Where the job ended, or the report was made. */
  readonly until: number;
  /** Where the download ended; equal to `until` if there was none. */
  readonly delivered: number;
}

/**
 * Lays jobs out in as few lanes as there were jobs at once, so that a bar begins where another made room for
 * it and a thousand jobs are no taller than sixteen. Idle times (a run stopped in the
 * evening and resumed in the morning) are cut short.
 */
export function layOutTimeline(takes: readonly SheetTake[], now: number, width: number) {
  /** Pixels that an idle stretch is given, whatever its length. */
  const GAP = 36;
  const spans = takes
    .flatMap((take) => {
      const { submitted, started, completed, delivered } = take.times;
      if (submitted === undefined) return [];
      const begun = Math.max(submitted, started ?? submitted);
      const until = Math.max(begun, completed ?? delivered ?? (take.state === 'active' ? now : begun));
      return [{ take, submitted, started: begun, until, delivered: Math.max(until, delivered ?? until) }];
    })
    .sort((a, b) => a.submitted - b.submitted);

  const busy = busyStretches();
  const total = busy.reduce((sum, { from, until }) => sum + until - from, 0);
  const gaps = Math.max(0, busy.length - 1);
  const scale = total === 0 ? 0 : Math.max(1, width - gaps * GAP) / total;
  const { placed, count } = lanes();

  /** The stretches in which something happened, joined where the pause between them is short. */
  function busyStretches(): { from: number; until: number }[] {
    const stretches: { from: number; until: number }[] = [];
    for (const { submitted, delivered } of spans) {
      const last = stretches.at(-1);
      if (last !== undefined && submitted <= last.until) last.until = Math.max(last.until, delivered);
      else stretches.push({ from: submitted, until: delivered });
    }
    const sum = stretches.reduce((ms, { from, until }) => ms + until - from, 0);
    const tolerated = Math.max(20_000, sum / 2);
    return stretches.reduce<typeof stretches>((joined, stretch) => {
      const last = joined.at(-1);
      if (last !== undefined && stretch.from - last.until <= tolerated) last.until = stretch.until;
      else joined.push(stretch);
      return joined;
    }, []);
  }

  /** The place of a moment, in pixels. */
  function x(ms: number): number {
    let left = 0;
    for (const { from, until } of busy) {
      if (ms <= until) return left + Math.max(0, ms - from) * scale;
      left += (until - from) * scale + GAP;
    }
    return Math.max(0, left - GAP);
  }

  function lanes(): { placed: TimelineJob[]; count: number } {
    const freeAt: number[] = [];
    const placed = spans.map((span) => {
      const free = freeAt.findIndex((ms) => ms <= span.submitted);
      const lane = free === -1 ? freeAt.length : free;
      freeAt[lane] = span.until;
      const from = x(span.submitted);
      // A job too short to be seen is still a job.
      const until = Math.max(from + 2, x(span.until));
      const delivered = Math.max(until, x(span.delivered));
      return { take: span.take, lane, from, started: Math.min(until, x(span.started)), until, delivered };
    });
    return { placed, count: freeAt.length };
  }

  /** Moments to write on the axis, since the beginning of the run. */
  function ticks(): { x: number; seconds: number }[] {
    const [first] = busy;
    if (first === undefined || total === 0) return [];
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];
    const step =
      steps.find((seconds) => seconds * 1000 * scale >= 90) ?? Math.ceil(90 / scale / 86_400e3) * 86_400;
    return busy.flatMap(({ from, until }) => {
      const marks: { x: number; seconds: number }[] = [];
      for (
        let ms = Math.ceil((from - first.from) / step / 1000) * step * 1000;
        first.from + ms <= until;
        ms += step * 1000
      ) {
        marks.push({ x: x(first.from + ms), seconds: ms / 1000 });
      }
      return marks;
    });
  }

  /** The idle times that were cut short: their places, and how long they were. */
  function cuts(): { x: number; seconds: number }[] {
    return busy.slice(1).map(({ from }, index) => ({
      x: x(from) - GAP / 2,
      seconds: (from - (busy[index]?.until ?? from)) / 1000,
    }));
  }

  return {
    width: Math.ceil(x(Infinity)),
    jobs: placed,
    lanes: count,
    ticks: ticks(),
    cuts: cuts(),
    begun: busy[0]?.from,
    ms: total,
  };
}
