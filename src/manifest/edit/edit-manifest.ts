import type { SourceRange } from '../../domain/diagnostic.js';
import type { Take } from '../../domain/take.js';
import { DailiesError } from '../../errors.js';
import { parseManifest, type ManifestReading, type ParsedManifest } from '../parse.js';
import { readYaml } from '../yaml/document.js';
import { readManifestText } from '../yaml/text.js';
import { findValue, type EditableValue, type FoundValue, type ValueRef, type Where } from './find-value.js';
import { outline } from './outline.js';
import { candidates, type Change } from './candidates.js';
import type { Replacement } from './spelling.js';

/** A change of one value of a shot. */
export interface ManifestEdit extends ValueRef {
  /** Plain data: a text, a number, true, false, null, a list or a map. */
  readonly value: unknown;
  /** Needed if the value comes from somewhere else than the shot. */
  readonly where?: Where;
}

/** A manifest's text in which one value was changed. */
export interface EditedManifest {
  /** The whole text, with the byte order mark of the old one. */
  readonly text: string;
  /** What was replaced, in the old text without its byte order mark. */
  readonly replaced: Replacement;
  /** The edited manifest, read as the old one was: its diagnostics tell whether the value is valid. */
  readonly parsed: ParsedManifest;
  /** Keys of the takes that ask for something else than before, in the manifest's order; new ones too. */
  readonly changed: readonly string[];
}

/**
 * Says what a shot's value is, where it is written, and what the choices of an edit are. Throws `usage` if there is no such shot, or no
 * place for such a value.
 */
export function lookUpValue(reading: ManifestReading, ref: ValueRef): FoundValue {
  const { there: _there, here: _here, ...found } = findValue(parseManifest(reading), reading, ref);
  return found;
}

/**
 * Changes one value in a manifest's text; every other byte stays. `there` changes it where it is written, `here` overrides it on
 * the shot. Throws `usage` as `lookUpValue`, if a choice is missing or not possible, and for a value that YAML cannot say.
 */
export function editManifest(reading: ManifestReading, edit: ManifestEdit): EditedManifest {
  const before = parseManifest(reading);
  const found = findValue(before, reading, edit);
  const { site, whole } = writingOf(found, edit);
  const replaced = replacementFor(before, { site, value: whole(edit.value) });
  const body = before.text.slice(0, replaced.start) + replaced.text + before.text.slice(replaced.end);
  const text = hasMark(reading.text) ? `\uFEFF${body}` : body;
  const parsed = parseManifest({ ...reading, text });
  return { text, replaced, parsed, changed: changedTakes(before, parsed) };
}

function writingOf(found: EditableValue, { where, field, shot }: ManifestEdit) {
  const { choices } = found;
  const [only, ...more] = choices;
  const chosen = where ?? (more.length === 0 ? only : undefined);
  const writing = chosen && found[chosen];
  if (writing) return writing;
  const from = `${field} of ${shot} ${comesFrom(found)}`;
  if (where === undefined) {
    throw new DailiesError('usage', `${from}, where other shots may use it too`, {
      hint: 'choose there (change it for all of them) or here (override it on this shot)',
    });
  }
  const [possible = 'there'] = choices;
  throw new DailiesError('usage', `${from}: it cannot be changed ${where}`, {
    hint: `choose ${possible}`,
  });
}

/** `comes from the defaults (teaser.yaml:12:9)`. */
function comesFrom({ origin, name = '', at }: FoundValue): string {
  const place = at ? ` (${placeWords(at)})` : '';
  switch (origin) {
    case 'defaults':
      return `comes from the defaults${place}`;
    case 'anchor':
      return `comes from the anchor &${name}${place}`;
    case 'var':
      return `comes from the var ${name}${place || ' (of the command line)'}`;
    case 'matrix':
      return `comes from the matrix${place}`;
    case 'shot':
      return `is written on the shot${place}`;
    case 'none':
      return 'is not written anywhere yet';
  }
}

function placeWords({ file, line, column }: SourceRange): string {
  return `${file}:${line}:${column}`;
}

/** The first spelling that changes this value and nothing else, as the text is read again. */
function replacementFor({ text, tree }: ParsedManifest, change: Change): Replacement {
  const expected = new Set(spelled(change).map((value) => outline(tree?.root ?? null, { ...change, value })));
  for (const candidate of candidates(text, change)) {
    const next = text.slice(0, candidate.start) + candidate.text + text.slice(candidate.end);
    if (readManifestText(next).fault) continue;
    const { tree: read } = readYaml({ text: next, file: '', add: () => undefined });
    if (read && expected.has(outline(read.root))) return candidate;
  }
  throw new DailiesError(
    'usage',
    'this value cannot be written into the manifest without changing more of it',
    {
      hint: 'change it in an editor',
    },
  );
}

/** A value, and what it is where it replaces a block of text, whose last line break is the block's. */
function spelled({ site, value }: Change): unknown[] {
  const old = site.kind === 'node' && 'value' in site.node ? site.node.value : undefined;
  if (typeof value !== 'string' || typeof old !== 'string' || value.endsWith('\n')) return [value];
  return [value, value + (/\n*$/.exec(old)?.[0] ?? '')];
}

function hasMark(text: string | Uint8Array): boolean {
  return typeof text === 'string'
    ? text.startsWith('\uFEFF')
    : text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf;
}

/** Takes by what they ask for. */
function changedTakes(before: ParsedManifest, after: ParsedManifest): readonly string[] {
  const old = new Map((before.manifest ?? before.soundPart)?.takes.map((take) => [take.key, wish(take)]));
  const takes = (after.manifest ?? after.soundPart)?.takes ?? [];
  return takes.filter((take) => old.get(take.key) !== wish(take)).map(({ key }) => key);
}

function wish({ settings, frames, references, previous_shot }: Take): string {
  return JSON.stringify([settings, frames, references, previous_shot]);
}
