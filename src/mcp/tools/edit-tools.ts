import { defined } from '../../domain/defined.js';
import { ManifestError } from '../../errors.js';
import { draftEdits, readValue, saveDraft } from '../../flow/commands/edit.js';
import type { Where } from '../../manifest/edit/find-value.js';
import { shownDiagnostics } from '../answers.js';
import type { Desk } from '../desk.js';
import * as tool from '../tool.js';
import { untrusted, untrustedData } from '../untrusted.js';

const FIELD = tool.TEXT(
  'Which value: prompt, duration, references[1], provider.options.google-vertex.seed, vars.hero, …',
);
const SHOT = tool.TEXT('The id of a shot, as in the manifest or as a matrix makes it.');

const ANSWER = {
  origin: { enum: ['shot', 'defaults', 'anchor', 'var', 'matrix', 'none'] },
  at: tool.TEXT('Where it is written: line:column.'),
  choices: tool.TEXTS('there: change it where it is written; here: override it on this shot.'),
};

/** Tools for one value of a manifest. */
export function editTools(desk: Desk): readonly tool.Tool[] {
  return [
    {
      name: 'value',
      title: 'Read a value of a shot',
      description: 'A value as the manifest has it, where it comes from, and what an edit of it may do.',
      input: tool.objectOf({ manifest: tool.MANIFEST, shot: SHOT, field: FIELD }, [
        'manifest',
        'shot',
        'field',
      ]),
      output: tool.answerOf({ ...ANSWER, version: tool.TEXT('Of the manifest.') }, ['origin']),
      hints: { ...tool.LOOKS, openWorldHint: false },
      call: async (args) => ({ data: await found(desk, args) }),
    },
    {
      name: 'edit',
      title: 'Change one value of a manifest',
      description:
        'Changes one value of a shot in place; every other byte of the file stays. Writes only if the result is valid. If the value comes from the defaults, an anchor or a var, choose where. Buys nothing; ask plan for the price afterwards.',
      input: tool.objectOf(
        {
          ...{ manifest: tool.MANIFEST, shot: SHOT, field: FIELD },
          value: { description: 'The new value: a text, a number, true, false, null, a list or a map.' },
          where: { enum: ['there', 'here'] },
          version: tool.TEXT('From value: the edit fails if the manifest has changed since.'),
          dry_run: tool.FLAG('Only says what would happen.'),
        },
        ['manifest', 'shot', 'field', 'value'],
      ),
      output: tool.answerOf(
        { written: tool.FLAG('Whether the file was changed.'), ...ANSWER, diagnostics: tool.DIAGNOSTICS },
        ['written'],
      ),
      hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
      call: (args, { signal }) => edit(desk, args, signal),
    },
  ];
}

function named(desk: Desk, args: tool.ToolArguments) {
  const [manifest = '', shot = '', field = ''] = ['manifest', 'shot', 'field'].map((name) =>
    tool.textOf(args, name),
  );
  return { options: desk.reading(desk.manifest(manifest)), ref: { shot, field } };
}

async function found(desk: Desk, args: tool.ToolArguments) {
  const { options, ref } = named(desk, args);
  const { value, origin, name, at, choices, vars, version } = await readValue(options, ref);
  return defined({
    ...{ value: untrustedData(value), origin, name: name === undefined ? undefined : untrusted(name) },
    ...{ at: at && `${at.line}:${at.column}`, choices, version },
    vars: vars.length > 0 ? vars : undefined,
  });
}

async function edit(desk: Desk, args: tool.ToolArguments, signal: AbortSignal): Promise<tool.ToolAnswer> {
  const { options, ref } = named(desk, args);
  const given = args['where'];
  const where: Where | undefined = given === 'there' || given === 'here' ? given : undefined;
  const before = await found(desk, args);
  if (where === undefined && before.choices.length > 1) {
    const hint = 'other shots may use this value too: choose where, there or here';
    return { data: { written: false, ...before, hint } };
  }
  try {
    const edits = [{ ...ref, value: args['value'], ...(where && { where }) }];
    const draft = await draftEdits(options, { edits, ...defined({ version: tool.textOf(args, 'version') }) });
    const changed = draft.changed.slice(0, 60).map((key) => untrusted(key, 80));
    const about = {
      changes: changed,
      ...(draft.changed.length > 60 && { and_more: draft.changed.length - 60 }),
    };
    if (args['dry_run'] === true) return { data: { written: false, ...about } };
    const { version, diagnostics } = await saveDraft(draft, { signal });
    return { data: { written: true, version, ...about, ...shownDiagnostics(diagnostics) } };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return { data: { written: false, ...shownDiagnostics(error.diagnostics) } };
  }
}
