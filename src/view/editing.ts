import { basename } from 'node:path';
import { defined } from '../domain/defined.js';
import type { Diagnostic, SourceRange } from '../domain/diagnostic.js';
import { DailiesError, ManifestError } from '../errors.js';
import { draftEdits, readValue, saveDraft, type Draft } from '../flow/commands/edit.js';
import { planProject } from '../flow/plan/plan.js';
import type { ManifestEdit } from '../manifest/edit/edit-manifest.js';
import { readManifest } from '../store/read-manifest.js';
import type { AskedDraft, AskedValue, Mistake } from '../sheet/page/live/facts.js';
import type { Desk } from './actions.js';
import { askedPlan } from './ask-plan.js';
import { text, unreadable, type Wish } from './wish.js';

/** What a value of a shot is, where it comes from, and where an edit of it may go. */
export async function valueOf({ options }: Desk, wish: Wish): Promise<AskedValue> {
  const { value, origin, name, at, choices, version } = await readValue(options, {
    shot: text(wish, 'key'),
    field: text(wish, 'field'),
  });
  const place = placeOf(at);
  return { value: value ?? null, origin, name, place, choices, version };
}

/** What an edit would change, as a person types it: its mistakes, the lines before and after, and its price. Writes nothing. */
export async function draft(desk: Desk, wish: Wish): Promise<AskedDraft> {
  try {
    const made = await draftOf(desk, wish);
    const { plan, isFree } = await priced(desk, made);
    return {
      mistakes: [],
      changed: made.changed,
      lines: await linesOf(desk, made),
      plan: askedPlan(plan, isFree),
    };
  } catch (error) {
    if (error instanceof ManifestError) return { mistakes: mistakesOf(error.diagnostics), changed: [] };
    // A value that cannot be written is a mistake like any other; that the file has changed is not.
    if (!(error instanceof DailiesError) || error.code !== 'usage') throw error;
    return { mistakes: [{ text: error.message, hint: error.hint }], changed: [] };
  }
}

/** Writes an edit into the manifest, unless somebody else has written it meanwhile. */
export async function save(desk: Desk, wish: Wish): Promise<{ readonly changed: readonly string[] }> {
  const made = await draftOf(desk, wish);
  await saveDraft(made, { offline: true, preflight: false });
  return { changed: made.changed };
}

function draftOf({ options }: Desk, wish: Wish): Promise<Draft> {
  const where = wish['where'];
  if (where !== undefined && where !== 'there' && where !== 'here') throw unreadable('where');
  const edit: ManifestEdit = {
    shot: text(wish, 'key'),
    field: text(wish, 'field'),
    value: wish['value'] ?? null,
    ...(where === undefined ? {} : { where }),
  };
  return draftEdits(options, { edits: [edit], version: text(wish, 'version') });
}

/** By the prices that are known already: a keystroke asks no gateway. If none are known, the gateway is asked once. */
async function priced({ terms, signal, approves }: Desk, { project }: Draft) {
  const plan = (offline: boolean) =>
    planProject(project, {
      ...{ offline, preflight: false, withKey: terms.withKey, signal },
      ...defined({ approve: approves }),
    });
  const known = await plan(true).catch((error: unknown) => {
    if (error instanceof DailiesError && error.code === 'catalogue-unavailable') return plan(false);
    throw error;
  });
  return { plan: known, isFree: project.target.kind === 'sandbox' };
}

function mistakesOf(diagnostics: readonly Diagnostic[]): readonly Mistake[] {
  return diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ at, message, hint }) => ({
      text: message,
      hint,
      place: placeOf(at),
    }));
}

/** `teaser.yaml:12:9`: the person knows the folder. */
function placeOf(at: SourceRange | undefined): string | undefined {
  return at && `${basename(at.file)}:${at.line}:${at.column}`;
}

/** The lines that the edit touches, as they were and as they would be. */
async function linesOf({ options }: Desk, { project, replaced }: Draft): Promise<AskedDraft['lines']> {
  const [first] = replaced;
  if (!first) return undefined;
  const { start, end, text: written } = first;
  const before = Buffer.from(await readManifest(options.manifest))
    .toString()
    .replace(/^\uFEFF/, '');
  const cut = (text: string, until: number) => {
    const from = text.lastIndexOf('\n', start - 1) + 1;
    const to = text.indexOf('\n', until);
    return text.slice(from, to < 0 ? undefined : to);
  };
  return { before: cut(before, end), after: cut(project.source.text, start + written.length) };
}
