/** Whether a value is an object with fields, and not a list: what a map of YAML or an object of JSON is read as. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
