import type { Diagnostic, SourceRange } from '../domain/diagnostic.js';
import { REORDERING } from '../domain/foreign-text.js';
import { maskSignatures } from '../domain/unsigned-url.js';
import { palette, type Look, type Paint, type Palette } from './look.js';
import { characterEnd, characterStart, clean, cutEnd, lastColumns, pad, textWidth, wrap } from './text.js';

/** Source lines are cut to this even where nothing wraps: one line of a manifest may be megabytes long. */
const WIDEST = 160;
/** After this many, a finding is one line: nobody scrolls through a thousand excerpts. */
const MOST_EXCERPTS = 100;

/**
 * Findings about a manifest as lines: where, what kind, the source line with a marker under it, what to do.
 * `file` and `text` are the manifest's; of other files no lines are shown. Control characters and what looks like a key are not shown.
 */
export function formatDiagnostics(
  options: {
    readonly diagnostics: readonly Diagnostic[];
    readonly text: string;
    readonly file?: string;
  } & Look,
): string[] {
  const { diagnostics, text, file, ...look } = options;
  const lines = text.split(/\r?\n/);
  const heads = headLines(diagnostics, palette(look.color));
  return diagnostics.flatMap((diagnostic, index) => {
    const head = heads[index] ?? '';
    if (index >= MOST_EXCERPTS) return [`${head}  ${clean(diagnostic.message)}`];
    const isElsewhere = file !== undefined && diagnostic.at !== undefined && diagnostic.at.file !== file;
    return [...(index === 0 ? [] : ['']), head, ...bodyLines(diagnostic, isElsewhere ? [] : lines, look)];
  });
}

/** `teaser.yaml:14:15  error  duration-unsupported`, the columns aligned. */
function headLines(diagnostics: readonly Diagnostic[], paint: Palette): string[] {
  const places = diagnostics.map(({ at }) => (at ? `${clean(at.file)}:${at.line}:${at.column}` : ''));
  const placeWidth = Math.max(...places.map(textWidth).filter((width) => width <= 60), 0);
  const severityWidth = Math.max(...diagnostics.map(({ severity }) => severity.length), 0);
  return diagnostics.map(({ severity, code }, index) => {
    const place = places[index] ?? '';
    const kind = severityPaint(severity, paint)(pad(severity, severityWidth));
    return `${place === '' ? '' : `${paint.bold(pad(place, placeWidth))}  `}${kind}  ${code}`;
  });
}

function bodyLines(
  { at, severity, message, hint }: Diagnostic,
  lines: readonly string[],
  look: Look,
): string[] {
  const paint = palette(look.color);
  const shown =
    at === undefined || lines[at.line - 1] === undefined
      ? wrap(clean(message), look.width - 2).map((line) => `  ${line}`)
      : excerpt({ at, severity, message: clean(message) }, lines, look);
  const advice = hint === undefined ? [] : wrap(clean(hint), look.width - 8);
  return [
    ...shown,
    ...advice.map((line, index) => (index === 0 ? `  ${paint.dim('hint:')} ${line}` : `        ${line}`)),
  ];
}

function severityPaint(severity: Diagnostic['severity'], paint: Palette): Paint {
  return severity === 'error' ? paint.red : paint.yellow;
}

/** The line before, the line, and the marker with the message beside it, or below where it is too long for that. */
function excerpt(
  { at, severity, message }: Required<Pick<Diagnostic, 'at' | 'severity' | 'message'>>,
  lines: readonly string[],
  look: Look,
): string[] {
  const paint = palette(look.color);
  const [before = '', source = ''] = [lines[at.line - 2], lines[at.line - 1]];
  const bar = look.unicode ? '│' : '|';
  const digits = Math.max(String(at.line).length, 2);
  const gutter = (label: string): string => paint.dim(`  ${label.padStart(digits)} ${bar}`);
  const room = Math.max(20, Math.min(look.width, WIDEST) - digits - 5);
  const view = viewOf(source, at, room, look.unicode ? '…' : '...');
  const numbered = (line: number, text: string): string => `${gutter(String(line))} ${text}`.trimEnd();

  const excerpted =
    before.trim() === '' || view.isShifted
      ? []
      : [numbered(at.line - 1, cutEnd(visible(withoutKeys(before).slice(0, 4 * room)), room, view.ellipsis))];
  excerpted.push(numbered(at.line, view.text));
  const marker = `${' '.repeat(view.offset)}${severityPaint(severity, paint)('^'.repeat(view.length))}`;
  if (view.offset + view.length + 1 + textWidth(message) <= Math.max(room, look.width - digits - 5)) {
    return [...excerpted, `${gutter('')} ${marker} ${message}`];
  }
  return [
    ...excerpted,
    `${gutter('')} ${marker}`,
    ...wrap(message, room).map((line) => `${gutter('')} ${line}`),
  ];
}

/**
 * The part of a line round the marker that fits into `room` columns; `offset` columns stand before the marker, `length`
 * above it. `isShifted`: the beginning of the line is cut off.
 */
function viewOf(line: string, at: SourceRange, room: number, ellipsis: string) {
  const source = withoutKeys(line);
  const start = characterStart(source, at.column - 1);
  const end = characterEnd(source, Math.max(at.end_column ?? at.column, at.column) - 1);
  const markedEnd = Math.min(end, characterEnd(source, start + room));
  const marked = visible(source.slice(start, markedEnd));
  const after = visible(source.slice(markedEnd, characterEnd(source, end + room)));
  const lead = visible(source.slice(Math.max(0, start - 4 * room), start));
  const fits = start <= 4 * room && textWidth(lead + marked + after) <= room;
  const isShifted =
    !fits && (start > 4 * room || textWidth(lead) + Math.min(textWidth(marked), 20) > (room * 2) / 3);
  const kept = isShifted ? ellipsis + lastColumns(lead, Math.floor(room / 3)) : lead;
  const offset = textWidth(kept);
  return {
    text: cutEnd(kept + marked + after, room, ellipsis),
    offset,
    length: Math.max(1, Math.min(textWidth(marked), room - offset)),
    isShifted,
    ellipsis,
  };
}

/** A piece of a source line, each character as wide as before or after the marker: nothing in it moves the cursor. */
function visible(text: string): string {
  return text
    .replaceAll('\t', '  ')
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
    .replace(REORDERING, '')
    .replace(/\p{Cs}/gu, '\ufffd');
}

/** A user and password before a host, also where a slash or an @ in them makes it no URL, or the scheme is missing. */
const LOGIN = /(:\/\/)(?:[^\s/?#"']+|[^\s/:"']+:[^\s"']{1,200})@|(?<![^\s"'])[^\s/:"']+:[^\s/"']+@/g;

/** Text in the place of a variable's name that does not look like one: most likely the key itself. */
const KEY_SETTING = /(\bapi_key_env["']?\s*:\s*["']?(?:sk-)?)(?![A-Z_][A-Z0-9_]*(?:[\s"',}]|$))([^\s"',}]+)/g;

/**
 * Keys of gateways begin with `sk-`. If somebody wrote one, a password or a signed URL into a manifest, it must not appear in a
 * log too.
 */
function withoutKeys(line: string): string {
  return maskSignatures(line)
    .replace(KEY_SETTING, (_, before: string, key: string) => before + '*'.repeat(key.length))
    .replace(/\bsk-[\w-]{12,}/g, (key) => `sk-${'*'.repeat(key.length - 3)}`)
    .replace(LOGIN, (login: string, slashes: string | undefined = '') => {
      return `${slashes}${'*'.repeat(login.length - slashes.length - 1)}@`;
    });
}
