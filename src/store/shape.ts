import { isRecord } from '../domain/is-record.js';

/**
 * What a value from the disk must look like. `problem` says where it does not, as the rest of a sentence that
 * begins with the value's path (`.state.kind should be …`), or undefined where it does.
 * It allocates nothing on values that fit, for a lockfile may hold millions of them.
 */
export interface Shape<T> {
  problem(value: unknown): string | undefined;
  /** Never there: it ties the shape to its type. */
  readonly type?: T;
}

/** Whether a value fits a shape. */
export function fits<T>(shape: Shape<T>, value: unknown): value is T {
  return shape.problem(value) === undefined;
}

type Key<T, Optional extends boolean> = {
  [K in keyof T]-?: Partial<Record<K, T[K]>> extends Pick<T, K>
    ? Optional extends true
      ? K
      : never
    : Optional extends true
      ? never
      : K;
}[keyof T];

/** The shapes of an object's fields; the types see to it that none is forgotten. */
export interface Fields<T> {
  readonly required: { readonly [K in Key<T, false>]: Shape<T[K]> };
  readonly optional: { readonly [K in Key<T, true>]-?: Shape<Exclude<T[K], undefined>> };
}

/** An object with these fields; others are let be, for a later version may have added them. */
export function objectOf<T>(fields: Fields<T>): Shape<T> {
  const required = Object.entries<Shape<unknown>>(fields.required);
  const optional = Object.entries<Shape<unknown>>(fields.optional);
  return {
    problem(value) {
      if (!isRecord(value)) return ' should be an object';
      for (const [key, shape] of required) {
        if (!Object.hasOwn(value, key)) return `.${key} is missing`;
        const problem = shape.problem(value[key]);
        if (problem !== undefined) return `.${key}${problem}`;
      }
      for (const [key, shape] of optional) {
        if (!Object.hasOwn(value, key)) continue;
        const problem = shape.problem(value[key]);
        if (problem !== undefined) return `.${key}${problem}`;
      }
      return undefined;
    },
  };
}

/** The members of a union whose tag can be K. */
type Bearing<T, Tag extends keyof T, K> = T extends unknown ? (K extends T[Tag] ? T : never) : never;

/** A union of objects told apart by one field; the shapes are those of the other fields. */
export function taggedBy<Tag extends string, T extends Readonly<Record<Tag, string>>>(
  tag: Tag,
  shapes: { readonly [K in T[Tag]]: Shape<Omit<Bearing<T, Tag, K>, Tag>> },
): Shape<T> {
  const byTag = new Map(Object.entries<Shape<unknown>>(shapes));
  return {
    problem(value) {
      if (!isRecord(value)) return ' should be an object';
      const found = value[tag];
      const shape = typeof found === 'string' ? byTag.get(found) : undefined;
      return shape ? shape.problem(value) : `.${tag} should be one of ${[...byTag.keys()].join(', ')}`;
    },
  };
}

export function arrayOf<T>(items: Shape<T>): Shape<readonly T[]> {
  return {
    problem(value) {
      if (!Array.isArray(value)) return ' should be a list';
      for (const [index, item] of value.entries()) {
        const problem = items.problem(item);
        if (problem !== undefined) return `[${index}]${problem}`;
      }
      return undefined;
    },
  };
}

/** An object from keys, any or of a shape too, to values of one shape. */
export function recordOf<T>(values: Shape<T>, keys?: Shape<string>): Shape<Readonly<Record<string, T>>> {
  return {
    problem(value) {
      if (!isRecord(value)) return ' should be an object';
      for (const key of Object.keys(value)) {
        const problem = keys?.problem(key) ?? values.problem(value[key]);
        if (problem !== undefined) return `.${key}${problem}`;
      }
      return undefined;
    },
  };
}

/** One of several shapes; where none fits, the one that finds its fault deepest inside speaks. */
export function eitherOf<T>(...shapes: readonly Shape<T>[]): Shape<T> {
  return {
    problem(value) {
      let told: string | undefined;
      for (const shape of shapes) {
        const problem = shape.problem(value);
        if (problem === undefined) return undefined;
        if (told === undefined || depth(problem) > depth(told)) told = problem;
      }
      return told;
    },
  };
}

/** How far a problem's path reaches; a missing key says only that another shape was meant. */
function depth(problem: string): number {
  return problem.endsWith(' is missing') ? -1 : problem.indexOf(' ');
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return { problem: (value) => (value === null ? undefined : shape.problem(value)) };
}

export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Shape<T> {
  const known = new Set<unknown>(values);
  return { problem: (value) => (known.has(value) ? undefined : ` should be ${values.join(' or ')}`) };
}

export const anything: Shape<unknown> = { problem: () => undefined };

export const text: Shape<string> = {
  problem: (value) => (typeof value === 'string' ? undefined : ' should be a string'),
};

export const bool: Shape<boolean> = {
  problem: (value) => (typeof value === 'boolean' ? undefined : ' should be true or false'),
};

export const finite: Shape<number> = {
  problem: (value) => (Number.isFinite(value) ? undefined : ' should be a number'),
};

/** A whole number from 0. */
export const count: Shape<number> = {
  problem: (value) =>
    Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : ' should be a whole number from 0',
};

/** A time as `toISOString` writes it, or any other that `Date.parse` reads. */
export const instant: Shape<string> = {
  problem: (value) =>
    typeof value === 'string' && !Number.isNaN(Date.parse(value))
      ? undefined
      : ' should be a time (ISO 8601)',
};

/** A decimal counter that starts at 1, as a string. */
export const ordinal: Shape<string> = {
  problem: (value) =>
    typeof value === 'string' && /^[1-9]\d{0,14}$/.test(value)
      ? undefined
      : ' should be a whole number from 1, in quotes',
};
