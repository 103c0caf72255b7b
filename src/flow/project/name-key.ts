import { isOnThisMachine } from '../../domain/loopback.js';
import type { PlanDocument } from '../../domain/plan.js';
import { DailiesError } from '../../errors.js';
import type { Connections } from './connections.js';
import type { GatewayTarget, UnnamedKey } from './gateway-target.js';

/** What a person is asked before a key goes where only the manifest says. */
export interface KeyQuestion extends UnnamedKey {
  /** What the run would do; absent if even the models are not told without the key. */
  readonly plan?: PlanDocument;
  /** Whether it would spend money, which `confirm` then asks about. */
  readonly spends: boolean;
}

/**
 * Whether the key goes to a gateway that only the manifest names: `true`, or what is asked once before it first goes
 * there. Presets get their own key, and loopback and the gateway of `--gateway` get theirs, without it.
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

/** Lets the connections use the key, when the user has named where it goes. Throws `key-unnamed`; `declined` after a no. */
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

/** What stands in the way of a key, and how to name its place. */
export function keyUnnamed({ variable, origin, place }: UnnamedKey): DailiesError {
  return new DailiesError(
    'key-unnamed',
    `${place} asks to send the key in ${variable} to ${origin}, and you have not named that gateway yet: the key was not sent`,
    {
      hint: `if the key belongs there, repeat the command with --with-key or --gateway URL (this once), or answer the question of run on a terminal or give run --yes (both are remembered); otherwise change ${place}`,
    },
  );
}
