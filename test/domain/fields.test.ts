import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { API_FIELD_NAMES, apiField, type ApiFieldName } from '../../src/domain/fields.js';
import type { Take } from '../../src/domain/take.js';
import { manifestSchema } from '../../src/domain/manifest-schema.js';
import { fingerprint, recordRequest, wireRequest } from '../../src/shot/order.js';
import { lockfileSchema } from '../../src/store/lockfile-schema.js';
import { read } from '../manifest/reading.js';

const reportSchema = JSON.parse(readFileSync('schemas/report.schema.json', 'utf8')) as {
  readonly $defs: { readonly settings: { readonly properties: object } };
};

/** What a field holds in these tests: an example of its schema. */
function exampleOf(name: ApiFieldName): unknown {
  const { examples, type } = apiField(name).schema as {
    readonly examples?: unknown[];
    readonly type: string;
  };
  return examples?.at(-1) ?? (type === 'boolean' ? true : undefined);
}

/** The only take of a manifest that says this of its shot. */
function takeWith(fields: object): Take {
  const shot = { id: 'sea', model: 'acme/one', prompt: 'waves', ...fields };
  const [take] =
    read(JSON.stringify({ version: 1, vars: { hero: 'a red fox' }, shots: [shot] })).manifest?.takes ?? [];
  if (!take) throw new Error('the manifest has no take');
  return take;
}

const orderOf = (take: Take) => ({ take, frames: [], references: [] });

describe.each(API_FIELD_NAMES)('%s, declared in one table,', (name) => {
  const order = orderOf(takeWith({ [name]: exampleOf(name) }));
  const value = order.take.settings[name];
  const { shapes, kept = shapes } = apiField(name);

  it('is a field of the manifest', () => {
    expect(manifestSchema.$defs[name]).toMatchObject({ type: [apiField(name).type, 'null'] });
    expect(value).toBeDefined();
  });

  it('goes over the wire', () => {
    expect(wireRequest(order, () => '')).toHaveProperty(name, value);
  });

  it(shapes ? 'makes another fingerprint' : 'leaves the fingerprint as it is', () => {
    expect(fingerprint(order) !== fingerprint(orderOf(takeWith({})))).toBe(shapes);
  });

  it(kept ? 'is kept, and described in the lockfile and the report' : 'is written down nowhere', () => {
    const { properties } = (lockfileSchema['$defs'] as { readonly request: { readonly properties: object } })
      .request;
    expect(name in recordRequest(order, () => undefined)).toBe(kept);
    expect(name in properties).toBe(kept);
    expect(name in reportSchema.$defs.settings.properties).toBe(kept);
  });
});
