import type { JsonSchema } from '../domain/json-schema.js';

/** What a tool gives: data, and pictures beside it. */
export interface ToolAnswer {
  readonly data: Readonly<Record<string, unknown>>;
  readonly pictures?: readonly { readonly caption: string; readonly jpeg: Buffer }[];
}

/** What a call is given besides its arguments. */
export interface ToolCall {
  /** Aborts if the client takes the call back; its reason is `Disconnected` if the client is gone. */
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number, message: string) => void;
}

/** The client is gone, and with it everybody who could wait for an answer. */
export class Disconnected extends Error {}

/** One thing that an agent can ask for. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  readonly hints: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
  readonly call: (args: ToolArguments, call: ToolCall) => Promise<ToolAnswer>;
}

/** Arguments that the input schema was checked against. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** Looks, and changes nothing. */
export const LOOKS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};

/** An object with these fields, of which `required` must be there, and no others. */
export function objectOf(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** An answer with these fields; further ones may come with later versions. */
export function answerOf(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []) {
  return { type: 'object', properties, required };
}

export const TEXT = (description: string): JsonSchema => ({ type: 'string', description });
export const TEXTS = (description: string): JsonSchema => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  minItems: 1,
  description,
});
export const NUMBER = (description: string): JsonSchema => ({ type: 'number', minimum: 0, description });
export const COUNT = (description: string): JsonSchema => ({ type: 'integer', minimum: 0, description });
export const FLAG = (description: string): JsonSchema => ({ type: 'boolean', description });
export const LIST = (description: string): JsonSchema => ({
  type: 'array',
  items: { type: 'object' },
  description,
});
export const MAP = (description: string): JsonSchema => ({ type: 'object', description });

export const MANIFEST = TEXT(
  'The path of the manifest, such as film/teaser.yaml, below a root of this server.',
);
export const OFFSET = COUNT('Where a list goes on: the next_offset of the answer before.');
export const MORE = MAP('Only if the list was cut: how many are left, and the next_offset to ask with.');
export const DIAGNOSTICS = LIST('What was found in the manifest, each with its place and a remedy.');

/** An argument that the schema says is a text; undefined if it was not given. */
export function textOf(args: ToolArguments, name: string): string | undefined {
  const value = args[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(args: ToolArguments, name: string): number | undefined {
  const value = args[name];
  return typeof value === 'number' ? value : undefined;
}

export function textsOf(args: ToolArguments, name: string): readonly string[] | undefined {
  const value = args[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}
