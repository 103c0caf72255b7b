import { clean, count } from '../../ui/text.js';
import { act, addExamples, type Register } from '../command.js';
import { printJson, printLines } from '../context.js';
import { openProject } from '../open-project.js';
import { addFormatOption, addManifestOptions, addQuietOption, type ManifestFlags } from '../options.js';

export const registerPick: Register = (program, context) => {
  const command = program
    .command('pick <MANIFEST> <FILE>')
    .description('take in the picks exported from the sheet');
  addQuietOption(addFormatOption(addManifestOptions(command)));
  addExamples(command, [['dailies pick teaser.yaml picks.json', 'then assemble joins the picked takes']]);
  act<ManifestFlags & { readonly quiet?: boolean }>(
    command,
    context,
    async ({ words: [manifest = '', file = ''], flags }) => {
      const project = await openProject(context, manifest, flags);
      const { pickTakes } = await import('../../flow/commands/pick.js');
      const picks = await pickTakes(project, file);
      const rows = Object.entries(picks);
      if (context.format === 'json') printJson(context, { version: 1, picks });
      else if (flags.quiet !== true) {
        printLines(context, [
          ...rows.map(([shot, take]) => `  ${clean(shot)}@${take}`),
          `${count(rows.length, 'shot')} picked`,
        ]);
      }
      return 0;
    },
  );
};
