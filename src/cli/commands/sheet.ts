import { act, addExamples, type Register } from '../command.js';
import { printJson, printLines } from '../context.js';
import { openProject } from '../open-project.js';
import { addFormatOption, addManifestOptions, type ManifestFlags } from '../options.js';
import { shownPath } from '../shown-path.js';

export const registerSheet: Register = (program, context) => {
  const command = program.command('sheet <MANIFEST>').description('make the contact sheet again');
  addFormatOption(addManifestOptions(command));
  addExamples(command, [
    ['dailies sheet teaser.yaml', 'prints where it is: one page, to be opened from the disk'],
  ]);
  act<ManifestFlags>(command, context, async ({ words: [manifest = ''], flags }) => {
    const project = await openProject(context, manifest, flags);
    const [{ makeSheet }, { renderSheet }] = await Promise.all([
      import('../../flow/commands/status.js'),
      import('../../sheet/render.js'),
    ]);
    const sheet = await makeSheet(project, renderSheet);
    if (context.format === 'json') printJson(context, { version: 1, sheet });
    else if (sheet !== undefined) printLines(context, [shownPath(sheet)]);
    return 0;
  });
};
