import type { Attempt, RerenderMark } from '../domain/attempt.js';

/** Only the first purchase of a set records the set's takes. */
export function markOnce({ set, since, takes }: RerenderMark, attempts: readonly Attempt[]): RerenderMark {
  const isSaid = attempts.some(
    ({ rerender: said }) => said?.takes && said.set === set && said.since === since,
  );
  return isSaid || !takes ? { set, since } : { set, since, takes };
}
