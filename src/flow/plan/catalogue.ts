import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isoNow } from '../../clock.js';
import { parseCatalogue } from '../../catalogue/parse.js';
import type { Catalogue } from '../../domain/catalogue.js';
import { defined } from '../../domain/defined.js';
import { isRecord } from '../../domain/is-record.js';
import type { Diagnostic } from '../../domain/diagnostic.js';
import { DailiesError, messageOf } from '../../errors.js';
import { readJson, writeText } from '../../store/text-file.js';
import { gatewayIdentity, type Connections, type GatewayHome } from '../project/connections.js';

/** Where to get a catalogue from. */
interface Source {
  readonly project: GatewayHome;
  readonly connections: Connections;
  readonly signal: AbortSignal;
}

/** The models of the project's gateway as it tells them now. Throws `key-refused`, `catalogue-unavailable`, `gateway-answer`. */
export async function liveCatalogue({ project, connections, signal }: Source): Promise<Catalogue> {
  const models = parseCatalogue(await connections.fetchCatalogue(signal));
  const catalogue: Catalogue = { fetched_at: isoNow(project.clock), source: 'live', models };
  if (project.target.kind !== 'sandbox') await keep(cacheOf(project), catalogue);
  return catalogue;
}

/**
 * The models of the project's gateway; or those on disk if it does not answer, with a warning that says how old they are;
 * undefined if there is nothing. Offline it is left alone (the sandbox, which is ours, is asked all the same).
 */
export async function loadCatalogue(
  source: Source & {
    readonly offline: boolean;
    /** What the lockfile has kept. */
    readonly snapshot:
      { readonly models: Catalogue['models']; readonly fetched_at: string | undefined } | undefined;
  },
): Promise<{ readonly catalogue?: Catalogue; readonly diagnostics: readonly Diagnostic[] }> {
  const { project, offline, snapshot } = source;
  let failure = '';
  let keyHint: string | undefined;
  if (!offline || project.target.kind === 'sandbox') {
    try {
      return { catalogue: await liveCatalogue(source), diagnostics: [] };
    } catch (error) {
      if (!(error instanceof DailiesError)) throw error;
      failure = ` (${messageOf(error)})`;
      if (error.code === 'key-refused') keyHint = error.hint;
    }
  }
  const known =
    (await readCache(cacheOf(project))) ??
    (snapshot && {
      ...snapshot,
      fetched_at: snapshot.fetched_at ?? UNKNOWN_TIME,
      source: 'snapshot' as const,
    });
  if (!known) {
    const message = `there is no catalogue to check models and prices against${failure}`;
    const hint = keyHint ?? 'run dailies plan once while the gateway can be reached';
    return { diagnostics: [{ code: 'catalogue-unavailable', severity: 'warning', message, hint }] };
  }
  const age = ageWords(known.fetched_at, project.clock.now());
  const message = `models and prices are from a catalogue ${age}${failure}`;
  const stale = { code: 'catalogue-stale', severity: 'warning', message } as const;
  return { catalogue: known, diagnostics: [defined({ ...stale, hint: keyHint })] };
}

/** A snapshot from another machine does not say when it was read. */
const UNKNOWN_TIME = new Date(0).toISOString();

function cacheOf({ paths, target }: GatewayHome): string {
  return join(paths.cache, `catalogue-${shortHash(gatewayIdentity(target))}.json`);
}

/** A cache that cannot be written costs nothing but the next run's convenience. */
async function keep(cacheFile: string, catalogue: Catalogue): Promise<void> {
  await writeText(cacheFile, JSON.stringify(catalogue)).catch(() => undefined);
}

async function readCache(cacheFile: string): Promise<Catalogue | undefined> {
  const found = await readJson(cacheFile);
  const { fetched_at, models } = isRecord(found) ? found : {};
  if (typeof fetched_at !== 'string' || Number.isNaN(Date.parse(fetched_at))) return undefined;
  try {
    return { fetched_at, source: 'cache', models: parseCatalogue({ data: models }) };
  } catch {
    return undefined;
  }
}

function ageWords(isoTime: string, nowMs: number): string {
  const minutes = Math.round((nowMs - Date.parse(isoTime)) / 60_000);
  // If a catalogue is from the future, one of the two clocks was wrong, and nobody knows which.
  if (isoTime === UNKNOWN_TIME || minutes < 0) return 'of unknown age';
  if (minutes < 120) return `${minutes} min old`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h old` : `${Math.round(minutes / 1440)} days old`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
