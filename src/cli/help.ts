import { Help, type Command } from 'commander';

/** The tree's own help is one screen of 24 lines, the prompt below it included; a command's is commander's. */
export function formatHelp(command: Command, helper: Help): string {
  return command.parent === null
    ? treeHelp(command)
    : Help.prototype.formatHelp.call(helper, command, helper);
}

function treeHelp(program: Command): string {
  const rows = program.commands.map((command) => {
    const words = command.registeredArguments.map((word) =>
      word.required ? word.name() : `[${word.name()}]`,
    );
    return { term: [command.name(), ...words].join(' '), description: command.description() };
  });
  const width = Math.max(...rows.map(({ term }) => term.length));
  return [
    program.description(),
    '',
    'Usage: dailies COMMAND [OPTIONS]',
    '',
    ...rows.map(({ term, description }) => `  ${term.padEnd(width)}  ${description}`),
    '',
    'dailies COMMAND --help lists its options, with examples; dailies --version.',
    'Start with: dailies init film, then dailies run film/teaser.yaml',
    '',
  ].join('\n');
}
