import { DailiesError } from '../../errors.js';
import type { Project } from '../project/project.js';
import { sandboxSecret, webhookSecret } from '../project/webhook-secret.js';
import { openCallback, type Callback } from './callback.js';
import type { WorkTools } from './tools.js';
import { hear, type Hearing } from './webhooks.js';

/** How a run asks for webhooks, and hears them. */
export interface RunWebhooks {
  readonly callback: Callback;
  /** Opens the port; undefined if others hear for this run. */
  hear(tools: WorkTools): Promise<Hearing | undefined>;
}

/**
 * What a run's options say about webhooks; undefined if it asks for none. Opens nothing. Throws `usage` if they do not fit
 * together, and `secret-missing`.
 */
export function webhooksOf(
  { target, env, keys, clock, database }: Project,
  { callback, listen }: { readonly callback?: string | undefined; readonly listen?: string | undefined },
): RunWebhooks | undefined {
  if (callback === undefined) {
    if (listen === undefined) return undefined;
    throw new DailiesError('usage', '--listen hears webhooks, and no gateway is told where', {
      hint: 'give --callback too: the public https address that leads to --listen',
    });
  }
  if (listen === undefined && database === undefined) {
    throw new DailiesError('usage', '--callback asks for webhooks, and nobody hears them', {
      hint: 'give --listen HOST:PORT too, to which that address leads',
    });
  }
  const isSandbox = target.kind === 'sandbox';
  const opened = openCallback(callback, [target.baseUrl]);
  const secret = listen === undefined ? '' : isSandbox ? sandboxSecret(env, keys) : webhookSecret(env, keys);
  return {
    callback: opened,
    hear: async ({ attempts, hints }) =>
      listen === undefined ? undefined : hear({ secret, clock, attempts, hints }, listen),
  };
}
