import { count } from '../../ui/text.js';
import { act, addExamples, type Register } from '../command.js';
import { printJson, printLines } from '../context.js';
import { openProject } from '../open-project.js';
import { addFormatOption, addManifestOptions, type ManifestFlags } from '../options.js';
import { shownPath } from '../shown-path.js';
import { interruptible } from '../signals.js';

export const registerAssemble: Register = (program, context) => {
  const command = program.command('assemble <MANIFEST>').description('join the picked takes into one film');
  addFormatOption(addManifestOptions(command));
  addExamples(command, [
    ['dailies assemble teaser.yaml', 'in the order of the manifest; the first take where none is picked'],
  ]);
  act<ManifestFlags>(command, context, async ({ words: [manifest = ''], flags }) => {
    const project = await openProject(context, manifest, flags);
    const { assembleFilm } = await import('../../flow/commands/assemble.js');
    const interruption = interruptible();
    try {
      const film = await assembleFilm(project, interruption.signal);
      if (context.format === 'json') printJson(context, { version: 1, ...film });
      else printLines(context, [`${shownPath(film.path)}  ${count(film.clips, 'clip')}`]);
      return 0;
    } finally {
      interruption.release();
    }
  });
};
