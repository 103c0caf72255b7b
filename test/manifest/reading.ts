import { parseManifest, type ParsedManifest } from '../../src/manifest/parse.js';
import type { Diagnostic } from '../../src/domain/diagnostic.js';
import type { Take } from '../../src/domain/take.js';

type Options = Partial<Omit<Parameters<typeof parseManifest>[0], 'text'>>;

/** Reads a manifest as `shots.yaml`. */
export function read(text: string | Uint8Array, options: Options = {}): ParsedManifest {
  return parseManifest({ text, file: 'shots.yaml', ...options });
}

/** A manifest of these shots, each in flow or block style and indented as below `shots:`, with a default model. */
export function withShots(shots: string, top = ''): string {
  return `version: 1\n${top}defaults: { model: maker/model }\nshots:\n${shots}`;
}

/** What was found: code and the text under the marker, in the order of the text. */
export function found(parsed: ParsedManifest): string[] {
  return parsed.diagnostics.map((diagnostic) => {
    const { severity, code } = diagnostic;
    return `${severity === 'warning' ? 'warning ' : ''}${code}: ${marked(parsed, diagnostic)}`;
  });
}

/** The text that a diagnostic's marker stands under. */
export function marked(parsed: ParsedManifest, { at }: Pick<Diagnostic, 'at'>): string {
  if (!at) return '(nowhere)';
  const line = parsed.text.split(/\r?\n/)[at.line - 1] ?? '';
  return line.slice(at.column - 1, (at.end_column ?? at.column + 1) - 1);
}

/** The takes of a manifest that must be sound. */
export function takesOf(text: string, options: Options = {}): readonly Take[] {
  const parsed = read(text, options);
  if (!parsed.manifest) throw new Error(`not sound: ${found(parsed).join('; ')}`);
  return parsed.manifest.takes;
}

export function keysOf(text: string, options: Options = {}): string[] {
  return takesOf(text, options).map(({ key }) => key);
}

/** The only take of a manifest with one shot. */
export function onlyTake(text: string, options: Options = {}): Take {
  const [take, ...others] = takesOf(text, options);
  if (!take || others.length > 0) throw new Error(`expected one take, got ${others.length + 1}`);
  return take;
}
