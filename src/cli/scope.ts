import type { Scope } from '../flow/plan/survey.js';
import type { ScopeFlags } from './options.js';

/** What the flags of a command say about the takes that are meant. */
export function scopeOf(flags: ScopeFlags): Scope & { readonly preflight: boolean } {
  const { only, until, rerender, verify, approve, onUncertain } = flags;
  return {
    retryFailed: flags.retryFailed,
    preflight: flags.preflight,
    ...(only === undefined ? {} : { only }),
    ...(until === undefined ? {} : { until }),
    ...(rerender === undefined ? {} : { rerender }),
    ...(verify === undefined ? {} : { verify }),
    ...(approve === undefined ? {} : { approve }),
    ...(onUncertain === undefined ? {} : { onUncertain }),
  };
}
