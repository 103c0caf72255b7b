import { resolve } from 'node:path';
import { defined } from '../../domain/defined.js';
import { commandLine, fileWord } from '../../ui/shell.js';
import { act, addExamples, type Register } from '../command.js';
import { answer, shownPath } from '../context.js';
import { addFormatOption, addQuietOption } from '../options.js';

export const registerInit: Register = (program, context) => {
  const command = program
    .command('init [FOLDER]')
    .description('write a manifest to start from, with example inputs')
    .option('--agent', 'also writes AGENTS.md, the rules for coding agents');
  addQuietOption(addFormatOption(command));
  addExamples(command, [
    ['dailies init film', 'makes film/teaser.yaml, which runs on the sandbox as it stands'],
  ]);
  act<{ readonly quiet?: boolean; readonly agent?: boolean }>(
    command,
    context,
    async ({ words: [folder = '.'], flags }) => {
      const { initProject } = await import('../../flow/commands/init.js');
      const made = await initProject(resolve(folder), defined({ agent: flags.agent }));
      const manifest = shownPath(made.manifest);
      const files = made.files.map(shownPath);
      answer(context, { manifest, files }, () => {
        if (flags.quiet === true) return [manifest];
        return [
          ...files.map((file) => `  + ${file}`),
          '',
          `Look   ${commandLine('dailies', 'plan', fileWord(manifest))}`,
          `Render ${commandLine('dailies', 'run', fileWord(manifest))}  on the sandbox, for free`,
        ];
      });
      return 0;
    },
  );
};
