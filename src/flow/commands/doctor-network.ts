import type { Clock } from '../../clock.js';
import { DailiesError, messageOf } from '../../errors.js';
import { ask, type Asked } from '../../gateway/ask.js';
import { failureWords } from '../../gateway/failure.js';
import { asObject, asUsd, parseJson } from '../../gateway/json.js';
import { proxyFor } from '../../gateway/proxy.js';
import type { Answer } from '../../gateway/read-submit.js';
import { dataRedactor, redactor } from '../../gateway/redact.js';
import { USER_AGENT } from '../../gateway/user-agent.js';
import { openWeb, type Web } from '../../gateway/web.js';
import { bodyWords, printable } from '../../gateway/words.js';
import { ok, problem, warning, type Check } from './doctor-check.js';
import type { GatewayTarget } from '../project/gateway-target.js';

/** What the check of the network needs. */
interface NetworkOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const PATIENCE_MS = 10_000;
const LARGEST_ANSWER_BYTES = 32 * 1024 * 1024;

/** Checks proxy, reach, key and clock, by two answers of the gateway. */
export async function checkNetwork(target: GatewayTarget, options: NetworkOptions): Promise<Check[]> {
  if (target.baseUrl === undefined) {
    return [ok('gateway', 'the sandbox runs within dailies and needs neither network nor key')];
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
    return ok('proxy', proxy === undefined ? 'none' : `through ${proxy.origin}`);
  } catch (error) {
    return problem('proxy', messageOf(error), error instanceof DailiesError ? error.hint : undefined);
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
    redact: dataRedactor(target.apiKey),
  });
  signal.throwIfAborted();
  return asked;
}

function checkReach(target: GatewayTarget, asked: Asked): Check {
  const place = target.baseUrl ?? '';
  if (asked.kind !== 'answered') {
    const fix =
      'check the network; behind a proxy, set HTTPS_PROXY and, for hosts to be reached directly, NO_PROXY';
    return problem('gateway', `${place} cannot be reached: ${failureWords(asked.error)}`, fix);
  }
  const { status, body } = asked.answer;
  // A gateway may want the key even for its catalogue; the key has a check of its own.
  if (status === 401 || status === 403) return ok('gateway', `${place} answers`);
  const models = asObject(parseJson(body))?.['data'];
  if (status === 200 && Array.isArray(models))
    return ok('gateway', `${place} answers, with ${models.length} models`);
  const words = printable(bodyWords(body) ?? 'nothing', redactor(target.apiKey));
  const fix = 'check the base URL: it usually ends in /api/v1';
  return problem('gateway', `${place}/videos/models answers ${status}: ${words}`, fix);
}

function presenceOfKey({ apiKey, keyVariable, needsKey }: GatewayTarget): Check {
  if (apiKey !== undefined) return ok('key', `${keyVariable} is set`);
  const fix = `export ${keyVariable}=…, or put it into .env beside the manifest`;
  return (needsKey ? problem : warning)('key', `${keyVariable} is not set`, fix);
}

async function checkKey(web: Web, target: GatewayTarget, signal: AbortSignal): Promise<Check> {
  const present = presenceOfKey(target);
  if (target.apiKey === undefined) return present;
  const asked = await get(web, { target, path: '/key', signal, withKey: true });
  const name = target.keyVariable;
  if (asked.kind === 'answered' && (asked.answer.status === 401 || asked.answer.status === 403)) {
    const words = printable(bodyWords(asked.answer.body) ?? 'no reason given', redactor(target.apiKey));
    const fix = 'check that the key belongs to this gateway and has not been disabled';
    return problem('key', `${name} is refused: ${words}`, fix);
  }
  if (asked.kind === 'answered' && asked.answer.status === 200)
    return ok('key', `${name} is accepted${usageWords(asked.answer)}`);
  return { ...present, message: `${name} is set; the gateway does not say whether it is valid` };
}

function usageWords({ body }: Answer): string {
  const data = asObject(asObject(parseJson(body))?.['data']);
  const [usage, limit] = [asUsd(data?.['usage']), asUsd(data?.['limit'])];
  if (usage === undefined) return '';
  return `; it has used $${usage.toFixed(2)}${limit === undefined ? '' : ` of $${limit.toFixed(2)}`}`;
}

/** If the clock is off by more, signed URLs and the waits that a gateway asks for go wrong. */
const WRONG_CLOCK_MS = 60_000;

function checkClock({ headers }: Answer, now: number): Check[] {
  const { date } = headers;
  const theirs = typeof date === 'string' ? Date.parse(date) : NaN;
  if (Number.isNaN(theirs)) return [];
  const skewMs = now - theirs;
  if (Math.abs(skewMs) < WRONG_CLOCK_MS) return [ok('clock', 'agrees with the gateway')];
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  const message = `${minutes} min ${skewMs > 0 ? 'ahead of' : 'behind'} the gateway`;
  return [warning('clock', message, 'set the clock of this machine, best by NTP')];
}
