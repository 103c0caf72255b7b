import { defined } from '../../domain/defined.js';
import { isOnThisMachine } from '../../domain/loopback.js';
import type { GatewaySetting } from '../../domain/manifest.js';
import { DailiesError } from '../../errors.js';
import { baseUrl, withoutSecrets } from '../../manifest/addresses.js';
import type { KeyFile } from '../../store/key-file.js';

/** The gateway of a run: where it is, and the key for it. */
export interface GatewayTarget {
  readonly kind: GatewaySetting['kind'];
  /** Its name for people: the preset's name, or the base URL. */
  readonly name: string;
  /** Without a slash at the end; absent for the sandbox, which has none before it starts. */
  readonly baseUrl?: string;
  readonly apiKey?: string;
  /** The environment variable that has the key. */
  readonly keyVariable: string;
  /** Whether submits without a key are pointless. */
  readonly needsKey: boolean;
  /** How many times faster than usual the sandbox's jobs are; absent for other gateways. */
  readonly speed?: number;
  /** There is a key, and only the manifest says where it goes: the user must name that place first. */
  readonly unnamed?: UnnamedKey;
  /** There is a key, and it is not sent. */
  readonly isKeyHeld?: true;
}

/** Which key would go where, as requested by a manifest that may be somebody else's. */
export interface UnnamedKey {
  readonly variable: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Where the manifest names it: `film.yaml:3`. */
  readonly place: string;
}

const PRESETS = {
  openrouter: { baseUrl: 'https://openrouter.ai/api/v1', keyVariable: 'OPENROUTER_API_KEY' },
  modelgates: { baseUrl: 'https://modelgates.ai/api/v1', keyVariable: 'MODELGATES_API_KEY' },
} as const;

/** The variable of the key for a gateway that is given only by its address. */
const GENERIC_KEY_VARIABLE = 'DAILIES_API_KEY';

/** Any key will do; this one is not a word, so that no text of the sandbox contains it and is redacted. */
const SANDBOX_KEY = 'sk-of-the-built-in-sandbox';

/**
 * Finds address and key of a gateway. The key is read from the environment, else from `keys`, by the name of its variable.
 * `place` is where a manifest names the gateway; absent if the user does. Throws `usage` for an invalid speed.
 */
export function gatewayTarget(
  setting: GatewaySetting,
  env: NodeJS.ProcessEnv,
  { keys, place }: { readonly keys?: KeyFile | undefined; readonly place?: string | undefined } = {},
): GatewayTarget {
  const keyIn = (variable: string): { readonly apiKey?: string } => {
    // A manifest may give a name that every JavaScript object has.
    const own = Object.hasOwn(env, variable) ? env[variable] : undefined;
    const [apiKey] = [own, keys?.get(variable)].flatMap((value) => value?.trim() || []);
    return defined({ apiKey });
  };
  switch (setting.kind) {
    case 'sandbox':
      return {
        kind: 'sandbox',
        name: 'sandbox',
        apiKey: SANDBOX_KEY,
        keyVariable: '',
        needsKey: false,
        speed: sandboxSpeed(env),
      };
    case 'openrouter':
    case 'modelgates': {
      const preset = PRESETS[setting.kind];
      return {
        kind: setting.kind,
        name: setting.kind,
        ...preset,
        ...keyIn(preset.keyVariable),
        needsKey: true,
      };
    }
    case 'custom': {
      const keyVariable = setting.api_key_env ?? GENERIC_KEY_VARIABLE;
      const baseUrl = setting.base_url.replace(/\/+$/, '');
      const needsKey = setting.api_key_env !== undefined;
      const key = keyIn(keyVariable);
      const target = { kind: 'custom', name: baseUrl, baseUrl, keyVariable, ...key, needsKey } as const;
      const preset = presetOf(baseUrl);
      const isItsOwn = preset !== undefined && PRESETS[preset].keyVariable === keyVariable;
      if (place === undefined || key.apiKey === undefined || isItsOwn || isOnThisMachine(baseUrl))
        return target;
      return { ...target, unnamed: { variable: keyVariable, origin: new URL(baseUrl).origin, place } };
    }
  }
}

/** The same gateway, without the key. */
export function withoutKey(target: GatewayTarget): GatewayTarget {
  const { apiKey, ...keyless } = target;
  return apiKey === undefined ? target : { ...keyless, isKeyHeld: true };
}

/** The gateway that `--gateway` or another setting names, by a preset's name or a base URL. Throws `usage` on anything else. */
export function parseGatewayOption(
  option: string,
  inManifest: GatewaySetting | undefined,
  word = '--gateway',
): GatewaySetting {
  if (option === 'openrouter' || option === 'modelgates' || option === 'sandbox') return { kind: option };
  const base_url = option.replace(/\/+$/, '');
  // If this is the address of the manifest's own gateway, its key is used.
  if (inManifest?.kind === 'custom' && inManifest.base_url.replace(/\/+$/, '') === base_url)
    return inManifest;
  const base = baseUrl(base_url);
  if (base.ok) return { kind: 'custom', base_url: base.value };
  throw new DailiesError(
    'usage',
    `${word} ${withoutSecrets(option)} is neither a gateway's name nor a base URL`,
    {
      hint: 'openrouter, modelgates, sandbox, or an https URL such as https://example.com/api/v1, without user, password, ? and # (http: only on loopback)',
    },
  );
}

/** What to do if the gateway refuses the key: the variable that has or lacks it, and the command that checks it. */
export function keyHint({ kind, name, apiKey, keyVariable, isKeyHeld }: GatewayTarget): string {
  if (isKeyHeld) return `the key in ${keyVariable} was not sent: --with-key sends it to ${name}`;
  // With only an address, the doctor finds only the generic key.
  const lent =
    kind === 'custom' && keyVariable !== GENERIC_KEY_VARIABLE
      ? `${GENERIC_KEY_VARIABLE}="$${keyVariable}" `
      : '';
  const check = `${lent}dailies doctor --gateway ${name}`;
  return apiKey === undefined
    ? `${keyVariable} is not set: put the key for this gateway into it (${check})`
    : `check the key in ${keyVariable} (${check})`;
}

/** The preset that a base URL belongs to, so that a job bought there can be fetched with its own key. */
export function presetOf(baseUrl: string): 'openrouter' | 'modelgates' | undefined {
  if (baseUrl === PRESETS.openrouter.baseUrl) return 'openrouter';
  return baseUrl === PRESETS.modelgates.baseUrl ? 'modelgates' : undefined;
}

function sandboxSpeed({ DAILIES_SANDBOX_SPEED: text = '' }: NodeJS.ProcessEnv): number {
  const speed = text.trim() === '' ? 1 : Number(text);
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new DailiesError('usage', `DAILIES_SANDBOX_SPEED must be a number above 0, not ${text}`, {
    hint: 'unset it for the usual speed; 10 makes jobs ten times as fast',
  });
}
