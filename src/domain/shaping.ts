import { defined } from './defined.js';
import { API_FIELD_NAMES, apiField, KEPT_FIELD_NAMES, type KeptSettings } from './fields.js';

/** The names of the fields that shape the picture. */
export const SHAPING_FIELD_NAMES = KEPT_FIELD_NAMES.filter((name) => apiField(name).shapes);

/** The fields that are more than what shapes the picture: whole, or a part of their value. */
const OTHERS = API_FIELD_NAMES.filter((name) => {
  const { shapes, shapingPart } = apiField(name);
  return !shapes || shapingPart !== undefined;
});

/** Settings without what shapes no picture: who may serve the request, and marks for the gateway. The rest stays as it is. */
export function shapingSettings<T extends Partial<KeptSettings>>(settings: T): T {
  const given: Readonly<Record<string, unknown>> = { ...settings };
  // Hardly any shot has such a field.
  if (OTHERS.every((name) => given[name] === undefined)) return settings;
  const shaping = Object.fromEntries(OTHERS.map((name) => [name, shapingValue(name, given[name])]));
  // Fields that are left out are optional.
  return defined({ ...settings, ...shaping }) as unknown as T;
}

function shapingValue(name: (typeof OTHERS)[number], value: unknown): unknown {
  const { shapes, shapingPart } = apiField(name);
  if (!shapes || typeof value !== 'object' || value === null) return undefined;
  const part = Object.entries(value).filter(([key]) => key === shapingPart);
  return part.length === 0 ? undefined : Object.fromEntries(part);
}
