/** Jobs of one model and length, which take about the same time. */
export type Cohort = string;

/** A job that is with the gateway. */
export interface RunningJob {
  readonly cohort: Cohort;
  /** Milliseconds since the submit. */
  readonly elapsedMs: number;
  /** How long such jobs have taken in earlier runs, where that is known. */
  readonly expectedMs?: number | undefined;
}

/** Measures how long jobs take, and says from that how long the rest will. */
export function createTimeLeft() {
  const expected = new Map<Cohort, number>();
  const learned = new Map<Cohort, { sum: number; jobs: number }>();
  const all = { sum: 0, jobs: 0 };

  /** The mean of this run, otherwise of earlier ones, otherwise of everything that has ended in this run. */
  const lengthOf = (cohort: Cohort): number | undefined => {
    const own = learned.get(cohort);
    if (own !== undefined) return own.sum / own.jobs;
    return expected.get(cohort) ?? (all.jobs > 0 ? all.sum / all.jobs : undefined);
  };

  return {
    /** What earlier runs say about a cohort; it counts until a job of the cohort ends in this run. */
    expect(cohort: Cohort, ms: number): void {
      expected.set(cohort, ms);
    },
    /** A job of this run took that long from submit to end. */
    learn(cohort: Cohort, ms: number): void {
      const own = learned.get(cohort) ?? { sum: 0, jobs: 0 };
      learned.set(cohort, { sum: own.sum + ms, jobs: own.jobs + 1 });
      all.sum += ms;
      all.jobs += 1;
    },
    /**
     * Milliseconds until the last job ends, under a cap on jobs in flight; undefined while nothing is
     * known about a cohort that is still to come.
     */
    estimate(known: {
      readonly running: readonly RunningJob[];
      readonly waiting: ReadonlyMap<Cohort, number>;
      readonly cap: number;
    }): number | undefined {
      const { running, waiting, cap } = known;
      let work = 0;
      let longest = 0;
      for (const job of running) {
        const length = job.expectedMs ?? lengthOf(job.cohort);
        if (length === undefined) return undefined;
        // A job past its usual end will not end at once: expect some more of its length.
        const left = Math.max(length - job.elapsedMs, length * 0.1);
        work += left;
        longest = Math.max(longest, left);
      }
      let jobsWaiting = 0;
      let waitingWork = 0;
      for (const [cohort, jobs] of waiting) {
        if (jobs === 0) continue;
        const length = lengthOf(cohort);
        if (length === undefined) return undefined;
        jobsWaiting += jobs;
        waitingWork += jobs * length;
      }
      if (jobsWaiting === 0) return longest;
      const slots = Math.max(1, cap);
      // The slots do not become idle together: on average half a job is left when the queue is empty.
      const tail = (waitingWork / jobsWaiting) * 0.5 * (1 - 1 / slots);
      return Math.max(longest, (work + waitingWork) / slots + tail);
    },
  };
}
