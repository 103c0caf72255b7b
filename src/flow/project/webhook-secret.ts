import { DailiesError } from '../../errors.js';
import { SANDBOX_SECRET } from '../../sandbox/secret.js';
import type { KeyFile } from '../../store/key-file.js';

/** The variable that has the secret with which a gateway signs its webhooks. */
const SECRET_VARIABLE = 'OPENROUTER_WEBHOOK_SECRET';

/**
 * The secret of a gateway's webhooks, from the environment, else from `keys`. Throws `secret-missing` where there is none: anybody
 * could send events then.
 */
export function webhookSecret(env: NodeJS.ProcessEnv, keys?: KeyFile): string {
  const secret = secretIn(env, keys);
  if (secret !== undefined) return secret;
  throw new DailiesError('secret-missing', `${SECRET_VARIABLE} is not set, so no webhook can be verified`, {
    hint: `create a signing secret in the gateway's workspace settings and export ${SECRET_VARIABLE}=…; see docs/webhooks.md`,
  });
}

/** The secret that the sandbox signs with. */
export function sandboxSecret(env: NodeJS.ProcessEnv, keys?: KeyFile): string {
  return secretIn(env, keys) ?? SANDBOX_SECRET;
}

function secretIn(env: NodeJS.ProcessEnv, keys: KeyFile | undefined): string | undefined {
  const [secret] = [env[SECRET_VARIABLE], keys?.get(SECRET_VARIABLE)].flatMap((value) => value?.trim() || []);
  return secret;
}
