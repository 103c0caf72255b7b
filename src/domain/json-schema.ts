import { defined } from './defined.js';

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const text: JsonSchema = { type: 'string' };
export const texts = listOf(text);
export const number: JsonSchema = { type: 'number' };
export const yesOrNo: JsonSchema = { type: 'boolean' };
export const ordinal: JsonSchema = { title: 'a whole number from 1', type: 'integer', minimum: 1 };

/** The fields of an object; other fields are allowed. */
export interface Members {
  readonly description?: string;
  readonly required?: Readonly<Record<string, JsonSchema>>;
  readonly optional?: Readonly<Record<string, JsonSchema>>;
}

/** An object with these fields. */
export function objectOf(members: Members): JsonSchema {
  return { type: 'object', ...membersOf(members) };
}

/** The same, for a value that is known to be an object. */
export function membersOf({ description, required, optional }: Members): JsonSchema {
  return defined({
    description,
    required: required && Object.keys(required),
    properties: { ...required, ...optional },
  });
}

/** A list of such values. */
export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** The same schema, and what it is for. */
export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}
