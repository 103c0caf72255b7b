import { isOnThisMachine } from '../../domain/loopback.js';
import type { PlanDocument } from '../../domain/plan.js';
import { DailiesError } from '../../errors.js';
import type { Connections } from './connections.js';
import type { GatewayTarget, UnnamedKey } from './gateway-target.js';

/** What the user is asked before a key goes to a gateway that only the manifest names. */
export interface KeyQuestion extends UnnamedKey {
  /** What the run would do; absent if the gateway does not even list its models without the key. */
  readonly plan?: PlanDocument;
  /** Whether it would spend money, which `confirm` then asks about. */
  readonly spends: boolean;
}

/**
 * Whether the key goes to a gateway that only the manifest names: `true`, or the question for the user before it first goes
 * there. Presets, loopback and the gateway of `--gateway` get their key without it.
 */
export type WithKey = boolean | ((question: KeyQuestion) => Promise<boolean>);

/** Whether a command that buys, follows or settles may use the key at once. */
export function mayUseKey({ unnamed }: GatewayTarget, withKey: WithKey | undefined): boolean {
  return unnamed === undefined || withKey === true;
}

/** Whether a command that only looks uses the key: if it is asked to, or if the key stays on this machine. */
export function looksWithKey({ baseUrl }: GatewayTarget, withKey: WithKey | undefined): boolean {
  return withKey === true || isOnThisMachine(baseUrl);
}

/** Lets the connections use the key once the user has named its gateway. Throws `key-unnamed`; `declined` after a no. */
export async function nameKey(
  { unnamed }: GatewayTarget,
  connections: Connections,
  asked: Omit<KeyQuestion, keyof UnnamedKey> & { readonly withKey: WithKey | undefined },
): Promise<void> {
  if (unnamed === undefined || connections.usesKey) return;
  const { withKey, ...about } = asked;
  if (typeof withKey !== 'function') throw keyUnnamed(unnamed);
  if (!(await withKey({ ...unnamed, ...about })))
    throw new DailiesError('declined', 'no key was sent, and nothing was submitted');
  connections.useKey();
}

/** Why the key is not sent, and how to name its gateway. */
export function keyUnnamed({ variable, origin, place }: UnnamedKey): DailiesError {
  return new DailiesError(
    'key-unnamed',
    `${place} asks to send the key in ${variable} to ${origin}, and you have not named that gateway yet: the key was not sent`,
    {
      hint: `if the key belongs there, repeat the command with --with-key or --gateway URL (this once), or answer the question of run on a terminal or give run --yes (both are remembered); otherwise change ${place}`,
    },
  );
}
