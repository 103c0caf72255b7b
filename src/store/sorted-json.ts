/** JSON with sorted keys and two-space indent, its later lines moved in by `margin`; no line break at the end. */
export function sortedJson(value: unknown, margin = ''): string {
  // A line break inside a string is escaped in JSON, so those that are left are the layout's own.
  return JSON.stringify(sortedDeep(value), null, 2).replaceAll('\n', `\n${margin}`);
}

/** A copy with its keys in order: whole numbers first, as in every JavaScript object, then the rest by their code units. */
export function sorted<T>(object: Readonly<Record<string, T>>): Record<string, T> {
  const keys = Object.entries(object);
  return Object.fromEntries(keys.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sortedDeep(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sortedDeep);
  return sorted(Object.fromEntries(Object.entries(value).map(([key, part]) => [key, sortedDeep(part)])));
}
