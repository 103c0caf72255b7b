import { resolve } from 'node:path';
import type { Diagnostic } from '../../domain/diagnostic.js';
import { statusLines } from '../../ui/status-table.js';
import { act, addExamples, type Register } from '../command.js';
import { answer, lookOf, noteDiagnostics, printLines, shownPath } from '../context.js';
import { nextCommands, openProject, rehearsalCommand, type ManifestFlags } from '../flags.js';
import { addFormatOption, addManifestOptions, addStoreOption } from '../options.js';

export const registerStatus: Register = (program, context) => {
  const command = program
    .command('status <MANIFEST>')
    .description('show the state and the cost of each shot');
  addFormatOption(addStoreOption(addManifestOptions(command)));
  addExamples(command, [['dailies status teaser.yaml', "reads only the project's files, even during a run"]]);
  act<ManifestFlags>(command, context, async (invocation) => {
    const project = await openProject(context, invocation);
    const { projectStatus, rehearsalOf } = await import('../../flow/commands/status.js');
    const told: Diagnostic[] = [];
    const report = await projectStatus(project, (found) => void told.push(...found));
    await noteDiagnostics(context, told, project.source);
    const rehearsal = context.format === 'text' ? await rehearsalOf(project) : undefined;
    answer(context, report, () =>
      statusLines(report, {
        ...lookOf(context, 'stdout'),
        commands: nextCommands(invocation),
        rehearsal: rehearsal && { ...rehearsal, command: rehearsalCommand('status', invocation) },
        now: Date.now(),
        showPath: (path) => shownPath(resolve(project.paths.output, path)),
      }),
    );
    return 0;
  });
};

export const registerUnlock: Register = (program, context) => {
  const command = program.command('unlock <MANIFEST>').description('remove a lock whose holder is gone');
  addManifestOptions(command);
  addExamples(command, [
    ['dailies unlock teaser.yaml', 'after a run in a container or on a machine that is gone'],
  ]);
  act<ManifestFlags>(command, context, async (invocation) => {
    const project = await openProject(context, invocation);
    const { unlockRun } = await import('../../store/run-lock.js');
    const wasLocked = await unlockRun({ lockfile: project.paths.lockfile, clock: project.clock });
    printLines(context, [wasLocked ? 'unlocked' : 'there was no lock']);
    return 0;
  });
};
