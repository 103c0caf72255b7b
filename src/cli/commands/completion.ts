import { completionScript, SHELLS, type Shell } from '../completion.js';
import { act, addExamples, type Register } from '../command.js';
import { Argument } from 'commander';

export const registerCompletion: Register = (program, context) => {
  const command = program
    .command('completion')
    .addArgument(new Argument('<SHELL>', 'the shell to complete in').choices(SHELLS))
    .description('print a completion script for bash, zsh or fish');
  addExamples(command, [
    ['dailies completion bash > ~/.local/share/bash-completion/completions/dailies', ''],
    ['dailies completion zsh > "${fpath[1]}/_dailies"', ''],
    ['dailies completion fish > ~/.config/fish/completions/dailies.fish', ''],
  ]);
  act(command, context, ({ words: [shell] }) => {
    context.stdout.write(completionScript(program, shell as Shell));
    return Promise.resolve(0);
  });
};
