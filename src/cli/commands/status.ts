import { resolve } from 'node:path';
import { statusLines } from '../../ui/status-table.js';
import { act, addExamples, type Register } from '../command.js';
import { lookOf, printJson, printLines } from '../context.js';
import { openProject } from '../open-project.js';
import { addFormatOption, addManifestOptions, nextCommands, type ManifestFlags } from '../options.js';
import { shownPath } from '../shown-path.js';

export const registerStatus: Register = (program, context) => {
  const command = program
    .command('status <MANIFEST>')
    .description('say how far each shot came and what it cost');
  addFormatOption(addManifestOptions(command));
  addExamples(command, [
    ['dailies status teaser.yaml', 'by the lockfile alone: asks nobody, also during a run'],
  ]);
  act<ManifestFlags>(command, context, async ({ words: [manifest = ''], flags }) => {
    const project = await openProject(context, manifest, flags);
    const { projectStatus } = await import('../../flow/commands/status.js');
    const report = await projectStatus(project);
    if (context.format === 'json') printJson(context, report);
    else {
      const look = lookOf(context, 'stdout');
      const showPath = (path: string): string => shownPath(resolve(project.paths.output, path));
      printLines(
        context,
        statusLines(report, { ...look, commands: nextCommands(manifest, flags), now: Date.now(), showPath }),
      );
    }
    return 0;
  });
};
