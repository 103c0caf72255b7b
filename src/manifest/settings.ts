import { basename, extname } from 'node:path/posix';
import { defined } from '../domain/defined.js';
import { CHECK_NAMES, USUAL_THRESHOLDS, type CheckName, type Checks } from '../domain/finding.js';
import { isOnThisMachine } from '../domain/loopback.js';
import type { GatewaySetting, Manifest } from '../domain/manifest.js';
import { baseUrl, insidePath } from './addresses.js';
import type { Path } from './yaml/places.js';
import type { Report } from './problems.js';
import type { RawManifest } from './schema/raw.js';
import type { Substitution } from './expand/vars.js';

/** Everything in a manifest except its takes. */
type RunSettings = Omit<Manifest, 'takes'>;

/** The manifest's top level, with its defaults and its vars filled in. `file` gives the project its name. */
export function readRunSettings(
  raw: RawManifest,
  file: string,
  vars: Substitution,
  report: Report,
): RunSettings {
  const concurrency = typeof raw.concurrency === 'number' ? { jobs: raw.concurrency } : raw.concurrency;
  const jobs = concurrency?.jobs ?? 4;
  return defined({
    project: readProject(),
    gateway: readGateway(),
    output: readOutput(),
    clips: raw.clips === undefined ? undefined : readFolder(raw.clips, ['clips'], '--clips'),
    concurrency: {
      jobs,
      downloads: concurrency?.downloads ?? Math.max(4, Math.ceil(jobs / 4)),
      per_model: concurrency?.per_model ?? {},
    },
    budget_usd: raw.budget_usd,
    poll: {
      intervalMs: milliseconds(raw.poll?.interval ?? 10),
      timeoutMs: milliseconds(raw.poll?.timeout ?? 1800),
    },
    retries: raw.retries ?? 0,
    on_uncertain: raw.on_uncertain ?? 'hold',
    approve: raw.approve ?? false,
    checks: readChecks(raw.checks),
  });

  function readProject(): string {
    if (raw.project === undefined) return nameOf(file);
    const project = vars.text(raw.project, () => ['project']);
    if (/[/\\\p{Cc}]/u.test(project) || project.trim() === '' || project.length > 100) {
      const message = 'project must be a short name without slashes';
      report({ code: 'invalid-value', message, path: ['project'] });
    }
    return project;
  }

  function readGateway(): GatewaySetting {
    const { gateway } = raw;
    if (gateway === undefined) return { kind: 'openrouter' };
    if (typeof gateway === 'string') return { kind: gateway };
    const path = ['gateway', 'base_url'];
    const base = baseUrl(vars.text(gateway.base_url, () => path));
    if (!base.ok) report({ ...base.fault, path });
    const { api_key_env } = gateway;
    const base_url = base.ok ? base.value : gateway.base_url;
    return defined({ kind: 'custom' as const, base_url, api_key_env });
  }

  function readOutput(): Manifest['output'] {
    const { output } = raw;
    if (output === undefined) return {};
    if (typeof output === 'string') return { dir: readFolder(output, ['output'], '--output') };
    const { dir, name } = output;
    return defined({
      dir: dir === undefined ? undefined : readFolder(dir, ['output', 'dir'], '--output'),
      name,
    });
  }

  /** `option` names a folder elsewhere. */
  function readFolder(text: string, path: Path, option: string): string {
    const named = vars.text(text, () => path);
    // Only the user may name a bucket, not the manifest.
    const elsewhere = {
      ok: false,
      fault: { code: 'path-outside', message: 'a manifest can name only folders' },
    } as const;
    const folder = /^[a-z][a-z0-9+.-]*:\/\//i.test(named) ? elsewhere : insidePath(named);
    if (folder.ok) return folder.value.replace(/\/+$/, '') || '.';
    const { message, code } = folder.fault;
    const hint =
      code === 'path-outside'
        ? `for a folder elsewhere use ${option}, or DAILIES_${option.slice(2).toUpperCase()}`
        : undefined;
    report({ code, message, path, hint });
    return '.';
  }
}

/** Each check that is named, with the usual thresholds where the manifest has none of its own. */
function readChecks(raw: RawManifest['checks']): Checks | undefined {
  if (raw === undefined) return undefined;
  const own: Exclude<typeof raw, readonly CheckName[]> = isList(raw)
    ? Object.fromEntries(raw.map((name) => [name, {}]))
    : raw;
  const named = CHECK_NAMES.filter((name) => own[name] !== undefined);
  if (named.length === 0) return undefined;
  return Object.fromEntries(named.map((name) => [name, { ...USUAL_THRESHOLDS[name], ...own[name] }]));
}

function isList(value: NonNullable<RawManifest['checks']>): value is readonly CheckName[] {
  return Array.isArray(value);
}

/** Shorter intervals would load a gateway for nothing: jobs take a minute or more. */
const SHORTEST_INTERVAL_S = 1;
const SHORTEST_INTERVAL_ON_LOOPBACK_S = 0.005;

/** Reports an interval that is too short for the gateway. `gateway`: the one in use, which an option may have chosen. */
export function checkPollInterval({ poll }: RawManifest, gateway: GatewaySetting, report: Report): void {
  const isAtHome = gateway.kind === 'custom' ? isOnThisMachine(gateway.base_url) : gateway.kind === 'sandbox';
  const shortest = isAtHome ? SHORTEST_INTERVAL_ON_LOOPBACK_S : SHORTEST_INTERVAL_S;
  if (poll?.interval === undefined || poll.interval >= shortest) return;
  const message = `poll.interval is ${poll.interval} s; the shortest for this gateway is ${shortest} s`;
  const hint =
    shortest === SHORTEST_INTERVAL_S
      ? 'leave it out: dailies learns from past jobs when to poll; shorter intervals are for a gateway on loopback'
      : `write ${shortest} or more`;
  report({ code: 'invalid-value', message, hint, path: ['poll', 'interval'] });
}

/** The manifest's name: its file without folder and extension. */
function nameOf(file: string): string {
  const name = basename(file.replaceAll('\\', '/'));
  return basename(name, extname(name));
}

/** At least one: a wait of zero would never let anything else happen. */
function milliseconds(seconds: number): number {
  return Math.max(1, Math.round(seconds * 1000));
}
