import type { Diagnostic } from '../../domain/diagnostic.js';
import type { Selection } from '../../cut/selection.js';
import { defined } from '../../domain/defined.js';
import { DailiesError } from '../../errors.js';
import type { Film } from '../../flow/commands/assemble.js';
import { commandLine, fileWord } from '../../ui/shell.js';
import { rehearsalLines } from '../../ui/status-table.js';
import { tableLines } from '../../ui/table.js';
import { count, formatBytes } from '../../ui/figures.js';
import { clean } from '../../ui/text.js';
import { act, addExamples, type Register } from '../command.js';
import { answer, noteDiagnostics, noteLines, shownPath } from '../context.js';
import { nextCommands, openProject, rehearsalCommand, type ManifestFlags } from '../flags.js';
import {
  addFormatOption,
  addManifestOptions,
  addQuietOption,
  addStoreOption,
  collectList,
  collectVariable,
  parseText,
} from '../options.js';
import { interruptible } from '../signals.js';

export const registerSheet: Register = (program, context) => {
  const command = program.command('sheet <MANIFEST>').description('make names and contact sheet again');
  addFormatOption(addManifestOptions(command));
  addExamples(command, [
    ['dailies sheet teaser.yaml', 'also restores deleted names; prints the path of the sheet'],
  ]);
  act<ManifestFlags>(command, context, async (invocation) => {
    const project = await openProject(context, invocation);
    const [{ makeSheet, rehearsalOf }, { renderSheet }] = await Promise.all([
      import('../../flow/commands/status.js'),
      import('../../sheet/render.js'),
    ]);
    const told: Diagnostic[] = [];
    const sheet = await makeSheet(project, renderSheet, (found) => void told.push(...found));
    await noteDiagnostics(context, told, project.source);
    answer(context, { sheet }, () => (sheet === undefined ? [] : [shownPath(sheet)]));
    const rehearsal = context.format === 'text' ? await rehearsalOf(project) : undefined;
    if (rehearsal)
      noteLines(context, rehearsalLines({ ...rehearsal, command: rehearsalCommand('sheet', invocation) }));
    return 0;
  });
};

export const registerPull: Register = (program, context) => {
  const command = program
    .command('pull <MANIFEST>')
    .description('download clips from a bucket or a store, by name');
  addQuietOption(addFormatOption(addStoreOption(addManifestOptions(command))));
  addExamples(command, [
    [
      "dailies pull teaser.yaml --clips 's3://clips/team'",
      'makes the named folder and its contact sheet on any machine',
    ],
    ['dailies pull teaser.yaml', 'with DAILIES_STORE and DAILIES_CLIPS: what workers have made so far'],
  ]);
  type Flags = ManifestFlags & { readonly quiet?: boolean };
  act<Flags>(command, context, async (invocation) => {
    const project = await openProject(context, invocation);
    const [{ pullClips }, { renderSheet }] = await Promise.all([
      import('../../flow/commands/pull.js'),
      import('../../sheet/render.js'),
    ]);
    const told: Diagnostic[] = [];
    const tell = (found: readonly Diagnostic[]) => void told.push(...found);
    const pulled = await interruptible((signal) => pullClips(project, { renderSheet, signal, tell }));
    await noteDiagnostics(context, told, project.source);
    const { clips, fetched, fetched_bytes: bytes, missing, sheet } = pulled;
    answer(context, pulled, () => [
      ...missing.map(({ path, message }) => `  ${clean(path)}: ${clean(message)}`),
      ...(invocation.flags.quiet === true
        ? []
        : [`${count(clips, 'clip')} here, ${fetched} fetched (${formatBytes(bytes)})`]),
      ...(sheet === undefined ? [] : [shownPath(sheet)]),
    ]);
    return missing.length === 0 ? 0 : 1;
  });
};

export const registerPick: Register = (program, context) => {
  const command = program
    .command('pick <MANIFEST> [TAKE...]')
    .description('pick takes: SHOT@2 …, or the file from the sheet')
    .option('--clear [SHOT...]', 'removes the picks of these shots, or all picks')
    .option('--approve', 'says what this changes for a run with --approve');
  addQuietOption(addFormatOption(addStoreOption(addManifestOptions(command))));
  addExamples(command, [
    ['dailies pick teaser.yaml platform@2 trail@1', 'picks these takes, one of each shot'],
    ['dailies pick teaser.yaml picks.json', 'the picks that the contact sheet exported'],
    ['dailies pick teaser.yaml --clear platform', 'removes the pick of a shot'],
  ]);
  type Flags = ManifestFlags & {
    readonly quiet?: boolean;
    readonly clear?: true | readonly string[];
    readonly approve?: boolean;
  };
  act<Flags>(command, context, async (invocation) => {
    const { clear, quiet, approve = false } = invocation.flags;
    const words = invocation.words.slice(1);
    if (words.length === 0 && clear === undefined) throw nothingPicked();
    const project = await openProject(context, invocation);
    const [{ applyPicks }, { readPicksFile }, { pickLines }] = await Promise.all([
      import('../../flow/commands/apply-picks.js'),
      import('../../flow/commands/picks-file.js'),
      import('../../ui/pick-lines.js'),
    ]);
    const cleared = Array.isArray(clear) ? clear.map((shot: string) => typed(shot, null)) : [];
    const chosen = words.map(async (word) => {
      const [, shot, take] = SHOT_AT_TAKE.exec(word) ?? [];
      return shot === undefined ? readPicksFile(project, word) : [typed(shot, Number(take))];
    });
    const choices = [...cleared, ...(await Promise.all(chosen)).flat()];
    const applied = await applyPicks(project, { choices, clear: clear === true, approve });
    const { picks, unblocks, cost, plan } = applied;
    const rows = unblocks.map(({ id, take }) => ({ id, take }));
    answer(context, { picks, unblocks: rows, cost, ...(plan && { next: plan.total }) }, () =>
      quiet === true
        ? []
        : pickLines(applied, {
            commands: nextCommands(invocation),
            isShared: project.database !== undefined,
          }),
    );
    return 0;
  });
};

/** A file with such a name needs `./` before it. */
const SHOT_AT_TAKE = /^([^/\\]+)@(\d+)$/;

function typed(shot: string, take: number | null) {
  return { shot, take, source: 'the command line' };
}

function nothingPicked(): DailiesError {
  return new DailiesError('usage', 'no pick is given', {
    hint: 'name takes (platform@2), the file that the contact sheet exported, or --clear',
  });
}

export const registerAssemble: Register = (program, context) => {
  const command = program
    .command('assemble <MANIFEST>')
    .description('join the picked takes into one film')
    .option('--only <ID...>', 'only these shots', collectList)
    .option(
      '--where <NAME=VALUE>',
      'only shots with this value of a matrix; may be repeated',
      collectVariable,
    )
    .option('--each <NAME>', 'a film for each value of a matrix, such as --each lang', parseText);
  addFormatOption(addManifestOptions(command));
  addExamples(command, [
    ['dailies assemble teaser.yaml', 'in the order of the manifest; the first take if none is picked'],
    ['dailies assemble spot.yaml --each lang', 'a film for each language; shots without one are in all'],
  ]);
  type Flags = ManifestFlags & Selection & { readonly each?: string };
  act<Flags>(command, context, async (invocation) => {
    const { only, where, each } = invocation.flags;
    const project = await openProject(context, invocation);
    const { assembleEach, assembleFilm } = await import('../../flow/commands/assemble.js');
    const selection = defined({ only, where });
    const films = await interruptible(async (signal) =>
      each === undefined
        ? [await assembleFilm(project, signal, selection)]
        : assembleEach(project, signal, { ...selection, each }),
    );
    const [film] = films;
    answer(context, each === undefined && film ? film : { films }, () =>
      films.map(({ path, clips }) => `${shownPath(path)}  ${count(clips, 'clip')}`),
    );
    if (context.format === 'text') noteLines(context, films.flatMap(barsLine));
    return 0;
  });
};

/** Which clips have bars, for a person: a film is seldom meant to have any. */
function barsLine({ path, letterboxed }: Pick<Film, 'path' | 'letterboxed'>): string[] {
  if (letterboxed.length === 0) return [];
  const names = letterboxed.slice(0, 10).map(clean).join(', ');
  const more = letterboxed.length > 10 ? ` and ${letterboxed.length - 10} more` : '';
  return [
    `note: ${shownPath(path)} has bars round ${names}${more}: they have another shape than the first clip`,
  ];
}

export const registerPrune: Register = (program, context) => {
  const command = program
    .command('prune <MANIFEST>')
    .description('list clips that no shot uses; --yes removes them');
  addManifestOptions(command).option('--yes', 'removes what is listed');
  addFormatOption(command);
  addExamples(command, [
    ['dailies prune teaser.yaml', 'lists clips of removed shots, and clips that newer ones replaced'],
    ['dailies prune teaser.yaml --yes', 'removes them; clips of other projects are never touched'],
  ]);
  type Flags = ManifestFlags & { readonly yes?: boolean };
  act<Flags>(command, context, async (invocation) => {
    const project = await openProject(context, invocation);
    const { pruneClips } = await import('../../flow/commands/prune.js');
    const removed = invocation.flags.yes === true;
    const clips = await pruneClips(project, { remove: removed });
    answer(context, { removed, clips }, () => {
      if (clips.length === 0) return ['nothing to remove'];
      const rows = clips.map((clip) => ({
        cells: [`- ${clean(clip.shot)}@${clip.take}`, formatBytes(clip.bytes), clip.sha256.slice(0, 12)],
      }));
      const bytes = clips.reduce((sum, clip) => sum + clip.bytes, 0);
      const total = `${count(clips.length, 'clip')}, ${formatBytes(bytes)}`;
      const remove = commandLine('dailies', 'prune', fileWord(invocation.words[0] ?? ''), '--yes');
      return [
        ...tableLines(rows, { width: Infinity, right: new Set([1]) }),
        removed ? `removed ${total}` : `${total}; ${remove} removes them`,
      ];
    });
    return 0;
  });
};
