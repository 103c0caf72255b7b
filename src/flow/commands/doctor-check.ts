/** One check: its result, and the fix if it needs one. */
export interface Check {
  readonly name: 'node' | 'proxy' | 'gateway' | 'key' | 'clock' | 'disk' | 'bucket' | 'frames';
  readonly status: 'ok' | 'warning' | 'problem';
  readonly message: string;
  readonly fix?: string;
}

export function ok(name: Check['name'], message: string): Check {
  return { name, status: 'ok', message };
}

export function warning(name: Check['name'], message: string, fix?: string): Check {
  return { name, status: 'warning', message, ...(fix === undefined ? {} : { fix }) };
}

export function problem(name: Check['name'], message: string, fix?: string): Check {
  return { ...warning(name, message, fix), status: 'problem' };
}
