import type { Clock } from '../../clock.js';
import { DailiesError, messageOf } from '../../errors.js';
import { ask, type Asked } from '../../gateway/ask.js';
import { failureWords } from '../../gateway/failure.js';
import { asObject, asUsd, parseJson } from '../../gateway/json.js';
import { proxyFor } from '../../gateway/proxy.js';
import type { Answer } from '../../gateway/read-submit.js';
import { USER_AGENT } from '../../gateway/user-agent.js';
import { openWeb, type Web } from '../../gateway/web.js';
import { bodyWords, printable, redactor } from '../../gateway/words.js';
import type { Check } from './doctor.js';
import type { GatewayTarget } from '../project/gateway-target.js';

/** What the network is looked at with. */
interface NetworkOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const PATIENCE_MS = 10_000;
const LARGEST_ANSWER_BYTES = 32 * 1024 * 1024;

/** Proxy, reach, key and clock, all told from two answers of the gateway. */
export async function checkNetwork(target: GatewayTarget, options: NetworkOptions): Promise<Check[]> {
  if (target.baseUrl === undefined) {
    return [
      {
        name: 'gateway',
        status: 'ok',
        message: 'the sandbox runs within dailies and needs neither network nor key',
      },
    ];
  }
  const base = new URL(target.baseUrl);
  const proxy = checkProxy(base, options.env);
  if (proxy.status === 'problem') return [proxy];
  const web = openWeb({
    proxyEnv: options.env,
    connections: 2,
    keepAliveMs: 1000,
    connectTimeoutMs: PATIENCE_MS,
  });
  try {
    const models = await get(web, { target, path: '/videos/models', signal: options.signal, withKey: false });
    const reach = checkReach(target, models);
    if (models.kind !== 'answered') return [proxy, reach, presenceOfKey(target)];
    return [
      proxy,
      reach,
      await checkKey(web, target, options.signal),
      ...checkClock(models.answer, options.clock.now()),
    ];
  } finally {
    await web.close();
  }
}

function checkProxy(base: URL, env: NodeJS.ProcessEnv): Check {
  try {
    const proxy = proxyFor(base, env);
    // Without user name and password.
    const message = proxy === undefined ? 'none' : `through ${proxy.origin}`;
    return { name: 'proxy', status: 'ok', message };
  } catch (error) {
    const fix = error instanceof DailiesError ? error.hint : undefined;
    return {
      name: 'proxy',
      status: 'problem',
      message: messageOf(error),
      ...(fix === undefined ? {} : { fix }),
    };
  }
}

async function get(
  web: Web,
  question: {
    readonly target: GatewayTarget;
    readonly path: string;
    readonly signal: AbortSignal;
    readonly withKey: boolean;
  },
): Promise<Asked> {
  const { target, path, signal, withKey } = question;
  const base = new URL(target.baseUrl ?? '');
  const asked = await ask(web.pool(base.origin), {
    url: { origin: base.origin, path: base.pathname.replace(/\/$/, '') + path },
    method: 'GET',
    headers: {
      accept: 'application/json',
      'user-agent': USER_AGENT,
      ...(withKey && target.apiKey !== undefined ? { authorization: `Bearer ${target.apiKey}` } : {}),
    },
    signal,
    totalTimeoutMs: PATIENCE_MS,
    maxBytes: LARGEST_ANSWER_BYTES,
  });
  signal.throwIfAborted();
  return asked;
}

function checkReach(target: GatewayTarget, asked: Asked): Check {
  const place = target.baseUrl ?? '';
  if (asked.kind !== 'answered') {
    return {
      name: 'gateway',
      status: 'problem',
      message: `${place} cannot be reached: ${failureWords(asked.error)}`,
      fix: 'check the network; behind a proxy, set HTTPS_PROXY and, for hosts to be reached directly, NO_PROXY',
    };
  }
  const { status, body } = asked.answer;
  // A gateway may want the key even for its catalogue; the key is looked at by itself.
  if (status === 401 || status === 403) return { name: 'gateway', status: 'ok', message: `${place} answers` };
  const models = asObject(parseJson(body))?.['data'];
  if (status === 200 && Array.isArray(models)) {
    return { name: 'gateway', status: 'ok', message: `${place} answers, with ${models.length} models` };
  }
  const words = printable(bodyWords(body) ?? 'nothing', redactor(target.apiKey));
  return {
    name: 'gateway',
    status: 'problem',
    message: `${place}/videos/models answers ${status}: ${words}`,
    fix: 'check the base URL: it usually ends in /api/v1',
  };
}

function presenceOfKey({ apiKey, keyVariable, needsKey }: GatewayTarget): Check {
  if (apiKey !== undefined) return { name: 'key', status: 'ok', message: `${keyVariable} is set` };
  return {
    name: 'key',
    status: needsKey ? 'problem' : 'warning',
    message: `${keyVariable} is not set`,
    fix: `export ${keyVariable}=…, or put it into .env beside the manifest`,
  };
}

async function checkKey(web: Web, target: GatewayTarget, signal: AbortSignal): Promise<Check> {
  const present = presenceOfKey(target);
  if (target.apiKey === undefined) return present;
  const asked = await get(web, { target, path: '/key', signal, withKey: true });
  const name = target.keyVariable;
  if (asked.kind === 'answered' && (asked.answer.status === 401 || asked.answer.status === 403)) {
    const words = printable(bodyWords(asked.answer.body) ?? 'no reason given', redactor(target.apiKey));
    return {
      name: 'key',
      status: 'problem',
      message: `${name} is refused: ${words}`,
      fix: 'check that the key belongs to this gateway and has not been disabled',
    };
  }
  if (asked.kind === 'answered' && asked.answer.status === 200) {
    return { name: 'key', status: 'ok', message: `${name} is accepted${usageWords(asked.answer)}` };
  }
  return { ...present, message: `${name} is set; the gateway does not say whether it is valid` };
}

function usageWords({ body }: Answer): string {
  const data = asObject(asObject(parseJson(body))?.['data']);
  const [usage, limit] = [asUsd(data?.['usage']), asUsd(data?.['limit'])];
  if (usage === undefined) return '';
  return `; it has used $${usage.toFixed(2)}${limit === undefined ? '' : ` of $${limit.toFixed(2)}`}`;
}

/** Signed URLs and the waits that a gateway asks for go wrong beyond that. */
const WRONG_CLOCK_MS = 60_000;

function checkClock({ headers }: Answer, now: number): Check[] {
  const { date } = headers;
  const theirs = typeof date === 'string' ? Date.parse(date) : NaN;
  if (Number.isNaN(theirs)) return [];
  const skewMs = now - theirs;
  if (Math.abs(skewMs) < WRONG_CLOCK_MS)
    return [{ name: 'clock', status: 'ok', message: 'agrees with the gateway' }];
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  const message = `${minutes} min ${skewMs > 0 ? 'ahead of' : 'behind'} the gateway`;
  return [{ name: 'clock', status: 'warning', message, fix: 'set the clock of this machine, best by NTP' }];
}
