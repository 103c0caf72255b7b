import type { Attempt, RerenderMark } from '../domain/attempt.js';

/** The first purchase of a set has its takes, and the others do not say them again. */
export function markOnce({ set, since, takes }: RerenderMark, attempts: readonly Attempt[]): RerenderMark {
  const isSaid = attempts.some(
    ({ rerender: said }) => said?.takes && said.set === set && said.since === since,
  );
  return isSaid || !takes ? { set, since } : { set, since, takes };
}
