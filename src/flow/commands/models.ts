import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../clock.js';
import { findModel, meantModel } from '../../catalogue/find.js';
import { listModel } from '../../cost/listing.js';
import type { Catalogue, ModelListing } from '../../domain/catalogue.js';
import { DailiesError } from '../../errors.js';
import { liveCatalogue } from '../plan/catalogue.js';
import { connect } from '../project/connections.js';
import { looksWithKey } from '../project/name-key.js';
import { gatewayTarget, parseGatewayOption } from '../project/gateway-target.js';
import type { KeyFile } from '../../store/key-file.js';

/** The models of a gateway, each with what it makes and what a typical clip costs. */
export interface ModelsListed {
  readonly gateway: string;
  readonly catalogue: Pick<Catalogue, 'source' | 'fetched_at'>;
  readonly models: readonly ModelListing[];
}

/**
 * Lists the models of a gateway (a preset's name or a base URL; openrouter if absent): the one whose id is the only word,
 * else those that contain all words. Throws `usage` if no model matches, `catalogue-unavailable` if there is no
 * catalogue.
 */
export async function listModels(options: {
  readonly gateway?: string;
  /** Parts of ids, modes and resolutions, in any case. */
  readonly words?: readonly string[];
  /** `price`: the cheapest typical clip first, and unpriced models last; in the catalogue's order if absent. */
  readonly sort?: 'price' | 'name';
  /** Send the key, also to a gateway that is not on this machine. */
  readonly withKey?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** Keys that the environment lacks. */
  readonly keys?: KeyFile;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}): Promise<ModelsListed> {
  const { env = process.env, keys = new Map() } = options;
  const setting = parseGatewayOption(options.gateway ?? 'openrouter', { kind: 'openrouter' });
  const home = {
    target: gatewayTarget(setting, env, { keys }),
    env,
    keys,
    clock: options.clock ?? systemClock,
    paths: { cache: join(tmpdir(), 'dailies') },
  };
  const connections = connect(home, { usesKey: looksWithKey(home.target, options.withKey) });
  try {
    const signal = options.signal ?? new AbortController().signal;
    const { models, source, fetched_at } = await liveCatalogue({ project: home, connections, signal });
    const chosen = inOrder(chooseModels(models, options.words ?? []), options.sort);
    return { gateway: home.target.name, catalogue: { source, fetched_at }, models: chosen };
  } finally {
    await connections.close();
  }
}

function chooseModels(models: Catalogue['models'], words: readonly string[]): readonly ModelListing[] {
  const [only = ''] = words;
  const named = words.length === 1 ? findModel(models, only) : undefined;
  if (named) return [listModel(named)];
  const asked = words.map((word) => word.toLowerCase());
  const found = models.map(listModel).filter(({ model, modes }) => {
    const { id, canonical_slug, supported_resolutions = [] } = model;
    const text = [id, canonical_slug, ...modes, ...supported_resolutions].join('\n').toLowerCase();
    return asked.every((word) => text.includes(word));
  });
  if (found.length > 0 || words.length === 0) return found;
  const near = words.length === 1 ? meantModel(only, models) : undefined;
  throw new DailiesError('usage', `the gateway lists no model ${words.join(' ')}`, {
    hint: near === undefined ? 'dailies models lists them all' : `did you mean ${near}?`,
  });
}

function inOrder(
  listings: readonly ModelListing[],
  sort: 'price' | 'name' | undefined,
): readonly ModelListing[] {
  if (sort === 'name') return listings.toSorted((a, b) => (a.model.id < b.model.id ? -1 : 1));
  const price = ({ estimate }: ModelListing) => estimate?.expected_usd ?? Infinity;
  return sort === 'price' ? listings.toSorted((a, b) => price(a) - price(b) || 0) : listings;
}
