import type { ValidateFunction } from 'ajv/dist/2020.js';
import { listOf, objectOf, ordinal, text, texts, type JsonSchema } from '../../domain/json-schema.js';
import { schemaCompiler } from '../../domain/schema-compiler.js';
import type { Take } from '../../domain/take.js';
import { DailiesError } from '../../errors.js';
import type { Order } from '../../shot/order.js';
import { attemptDefinitions, sha256 } from '../../store/attempt-schema.js';
import type { JobOrder } from '../work/worker.js';

/*
 * An order as a store of several machines keeps it. A user of its tables may write anything to them: a document that does not fit is no
 * order, inputs are known by their sha256 alone, and a gateway is only asked if the worker was started for it.
 */

/** The document of an order; its rank is kept apart from it. */
export function orderDocument(order: JobOrder): object {
  const { rank: _, ...rest } = order;
  if (rest.kind === 'follow') return rest;
  const { order: wish, ...document } = rest;
  const { take: __, ...inputs } = wish;
  return { ...document, inputs };
}

/** Reads an order from its document. Throws `store-refused` if it is not an order. */
export function parseOrder(document: unknown): JobOrder {
  const check = (validate ??= schemaCompiler({ source: false }).compile<OrderDocument>(schema));
  if (!check(document)) {
    const [error] = check.errors ?? [];
    const place = error?.instancePath.replaceAll('/', '.').slice(1);
    throw new DailiesError('store-refused', `the store has an invalid order: ${place} ${error?.message}`);
  }
  if (document.kind === 'follow') return { ...document, rank: 0 };
  const { inputs, ...rest } = document;
  return { ...rest, rank: 0, order: { ...inputs, take: rest.take } };
}

type OrderDocument =
  | Omit<Extract<JobOrder, { kind: 'follow' }>, 'rank'>
  | (Omit<Extract<JobOrder, { kind: 'buy' }>, 'rank' | 'order'> & { readonly inputs: Omit<Order, 'take'> });

let validate: ValidateFunction<OrderDocument> | undefined;

const input: JsonSchema = {
  ...objectOf({ required: { kind: { enum: ['file', 'url', 'frame'] } } }),
  allOf: [
    onlyFor('file', { path: text, sha256, mime: { type: 'string', pattern: '^[a-z]+/[a-z0-9.+-]+$' } }),
    onlyFor('url', { url: text }),
    onlyFor('frame', {
      ...{ shot: text, take: ordinal, clip_sha256: sha256 },
      at: {
        type: ['string', 'number'],
        minimum: 0,
        if: { type: 'string' },
        then: { enum: ['first', 'last'] },
      },
    }),
  ],
};

const take = objectOf({
  required: {
    ...{ key: text, shot: text, manifest_id: text, take: ordinal, takes: ordinal },
    ...{ type: { enum: ['text', 'image-to-video', 'reference'] }, tags: texts },
    settings: objectOf({ required: { model: text } }),
    ...{ frames: { type: 'array' }, references: { type: 'array' } },
  } satisfies Partial<Record<keyof Take, JsonSchema>>,
});

/** Protects a gateway from orders that would poll it too often. */
const interval: JsonSchema = { type: 'number', minimum: 5 };
const duration: JsonSchema = { type: 'number', exclusiveMinimum: 0 };
const id: JsonSchema = { type: 'string', pattern: '^[0-9a-z]{4,40}$' };

const buy = {
  take,
  inputs: objectOf({
    required: {
      frames: listOf(objectOf({ required: { frame_type: { enum: ['first_frame', 'last_frame'] }, input } })),
      references: listOf(objectOf({ required: { media: { enum: ['image', 'video', 'audio'] }, input } })),
    },
    optional: { previous: objectOf({ required: { job_id: text, clip_sha256: sha256 } }) },
  }),
  purchase: objectOf({
    required: {
      owner: objectOf({ required: { shot: text, take: ordinal } }),
      ...{ fingerprint: sha256, gateway: text, giveUp: listOf(id) },
      estimate: { $ref: '#/$defs/estimate' },
    },
    optional: { copy: { type: 'integer', minimum: 0 }, replaces: id, rerender: { type: 'object' } },
  }),
  retries: { type: 'integer', minimum: 0, maximum: 100 },
};

const schema: JsonSchema = {
  ...objectOf({
    required: { kind: { enum: ['buy', 'follow'] }, key: text, model: text },
    optional: {
      project: text,
      poll: objectOf({ required: { intervalMs: interval, timeoutMs: duration } }),
    },
  }),
  if: { properties: { kind: { const: 'buy' } } },
  then: objectOf({ required: buy }),
  else: objectOf({
    required: { attempt: id },
    optional: { take, refetch: { enum: ['missing', 'damaged'] } },
  }),
  $defs: attemptDefinitions,
};

function onlyFor(kind: string, required: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { if: { properties: { kind: { const: kind } } }, then: objectOf({ required }) };
}
