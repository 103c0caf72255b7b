import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../clock.js';
import { findModel } from '../../catalogue/find.js';
import { listModel } from '../../cost/listing.js';
import type { Catalogue, ModelListing } from '../../domain/catalogue.js';
import { nearest } from '../../domain/nearest.js';
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
 * Lists the models of a gateway (a preset's name or a base URL; openrouter where absent), or the one that `id` names.
 * Throws `usage` on an id that is not there, `catalogue-unavailable` where none is to be had.
 */
export async function listModels(options: {
  readonly gateway?: string;
  readonly id?: string;
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
    const listed = options.id === undefined ? models : [chosenModel(models, options.id)];
    return { gateway: home.target.name, catalogue: { source, fetched_at }, models: listed.map(listModel) };
  } finally {
    await connections.close();
  }
}

function chosenModel(models: Catalogue['models'], id: string): Catalogue['models'][number] {
  const model = findModel(models, id);
  if (model) return model;
  const near = nearest(
    id,
    models.map((listed) => listed.id),
  );
  throw new DailiesError('usage', `the gateway lists no model ${id}`, {
    hint: near === undefined ? 'dailies models lists them all' : `did you mean ${near}?`,
  });
}
