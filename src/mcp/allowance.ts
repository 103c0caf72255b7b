import { roundUsd } from '../domain/money.js';
import { DailiesError } from '../errors.js';

/** What the runs of a server may spend together. No call raises it. */
export interface Allowance {
  /** What is left, US dollars; undefined: there is no ceiling. */
  left(): number | undefined;
  /**
   * Sets aside what a run may spend, at most `usd`; gives that amount, and takes what it has spent once it is over. Throws `budget` if
   * nothing is left.
   */
  take(usd: number): { readonly usd: number; readonly settle: (spentUsd: number) => void };
}

export function createAllowance(maxCostUsd: number | undefined): Allowance {
  let used = 0;
  const left = () => (maxCostUsd === undefined ? undefined : Math.max(0, roundUsd(maxCostUsd - used)));
  return {
    left,
    take(wanted) {
      const rest = left();
      if (rest === 0 && wanted > 0) {
        throw new DailiesError('budget', 'the runs of this server have used what it may spend', {
          hint: 'a person may start the server again, with a higher --max-cost',
        });
      }
      const usd = Math.min(wanted, rest ?? wanted);
      used = roundUsd(used + usd);
      let isOpen = true;
      return {
        usd,
        settle(spentUsd) {
          if (isOpen) used = roundUsd(used - usd + Math.max(0, spentUsd));
          isOpen = false;
        },
      };
    },
  };
}
