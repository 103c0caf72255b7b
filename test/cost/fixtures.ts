import { readFileSync } from 'node:fs';
import { findModel } from '../../src/catalogue/find.js';
import { parseCatalogue, parseModel } from '../../src/catalogue/parse.js';
import type { Model } from '../../src/domain/catalogue.js';
import type { ShotSettings } from '../../src/domain/fields.js';
import type { ReferenceInput, Take } from '../../src/domain/take.js';

/** The catalogue of a real gateway, as the sandbox serves it. */
export const MODELS: readonly Model[] = parseCatalogue(
  JSON.parse(readFileSync(new URL('../../src/sandbox/models.json', import.meta.url), 'utf8')),
);

export function modelNamed(id: string): Model {
  const model = findModel(MODELS, id);
  if (!model) throw new Error(`no model ${id}`);
  return model;
}

/** A model that says nothing of itself but what the test gives it. */
export function modelWith(fields: Readonly<Record<string, unknown>>): Model {
  const model = parseModel({ id: 'test/model', ...fields });
  if (!model) throw new Error('no id');
  return model;
}

/** A take with a prompt, and all else open but what the test gives it. */
export function takeWith(
  settings: Partial<ShotSettings> & { readonly model: string },
  rest: Partial<Omit<Take, 'settings'>> = {},
): Take {
  return {
    key: 'shot',
    shot: 'shot',
    manifest_id: 'shot',
    take: 1,
    takes: 1,
    shot_index: 0,
    type: 'text',
    tags: [],
    matrix: {},
    settings: { prompt: 'a fox', ...settings },
    frames: [],
    references: [],
    ...rest,
  };
}

export function reference(media: ReferenceInput['media']): ReferenceInput {
  return { media, source: { kind: 'url', url: `https://example.com/${media}` } };
}
