import { Argument, type Command, type Option } from 'commander';
import { act, addExamples, type Register } from '../command.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

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

/** A completion script for a tree of commands: their names, their options, and the words an option may take. */
function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.map(described);
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return zshScript(commands);
    case 'fish':
      return fishScript(commands);
  }
}

interface DescribedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly DescribedOption[];
  /** The words its argument may be; undefined where it is a file. */
  readonly choices: readonly string[] | undefined;
}

interface DescribedOption {
  readonly flag: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** A group of commands is described as one, whose first word is what is to be done. */
function described(command: Command): DescribedCommand {
  const [argument] = command.registeredArguments;
  const members = command.commands;
  const options = new Map(
    [command, ...members].flatMap((each) => each.options.map((option) => [option.long, option] as const)),
  );
  return {
    name: command.name(),
    description: command.description(),
    options: [...[...options.values()].map(describedOption), HELP],
    choices: members.length === 0 ? argument?.argChoices : members.map((member) => member.name()),
  };
}

const HELP: DescribedOption = { flag: '--help', description: 'prints help', takesValue: false, choices: [] };

function describedOption(option: Option): DescribedOption {
  return {
    flag: option.long ?? '',
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}

function bashScript(commands: readonly DescribedCommand[]): string {
  const values = commands.flatMap(({ name, options }) =>
    options
      .filter(({ choices }) => choices.length > 0)
      .map(({ flag, choices }) => `    '${name} ${flag}') words='${choices.join(' ')}' ;;`),
  );
  const free = commands.flatMap(({ name, options }) =>
    options
      .filter(({ takesValue, choices }) => takesValue && choices.length === 0)
      .map(({ flag }) => `'${name} ${flag}'`),
  );
  const flags = commands.map(
    ({ name, options }) => `      ${name}) words='${options.map(({ flag }) => flag).join(' ')}' ;;`,
  );
  const chosen = commands.flatMap(({ name, choices }) =>
    choices === undefined ? [] : [`      ${name}) words='${choices.join(' ')}' ;;`],
  );
  return `# bash completion for dailies
_dailies() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$current"))
    return
  fi
  case "$command $previous" in
${values.join('\n')}
    ${free.join('|')}) return ;;
    *) case "$current" in
      -*) case "$command" in
${flags.join('\n')}
      esac ;;
      *) case "$command" in
${chosen.join('\n')}
      esac ;;
    esac ;;
  esac
  [ -n "$words" ] && COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _dailies dailies
`;
}

function zshScript(commands: readonly DescribedCommand[]): string {
  const names = commands.map(({ name, description }) => `    '${name}:${zshText(description)}'`);
  const cases = commands.map(({ name, options, choices }) => {
    const specs = options.map((option) => `        '${zshOption(option)}' \\`);
    const rest = choices === undefined ? "'*:file:_files'" : `'1:word:(${choices.join(' ')})'`;
    return `      ${name})\n        _arguments \\\n${specs.join('\n')}\n        ${rest} ;;`;
  });
  return `#compdef dailies
_dailies() {
  local line state
  local -a commands=(
${names.join('\n')}
  )
  _arguments -C '1: :->command' '*:: :->rest' '--help[prints help]' '--version[prints the version]'
  case $state in
    command) _describe command commands ;;
    rest) case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
}
if [ "$funcstack[1]" = _dailies ]; then _dailies "$@"; else compdef _dailies dailies; fi
`;
}

function zshOption({ flag, description, takesValue, choices }: DescribedOption): string {
  const value = choices.length > 0 ? `:word:(${choices.join(' ')})` : takesValue ? ':value:_files' : '';
  return `${flag}[${zshText(description)}]${value}`;
}

/** Inside single quotes and inside the brackets of a specification. */
function zshText(text: string): string {
  return text.replaceAll("'", `'\\''`).replace(/[[\]:]/g, '\\$&');
}

function fishScript(commands: readonly DescribedCommand[]): string {
  const lines = commands.flatMap(({ name, description, options, choices }) => {
    const within = `complete -c dailies -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c dailies -n __fish_use_subcommand -f -a ${name} -d ${fishText(description)}`,
      ...(choices === undefined ? [] : [`${within} -f -a '${choices.join(' ')}'`]),
      ...options.map(({ flag, description: what, takesValue, choices: words }) => {
        const value = words.length > 0 ? ` -x -a '${words.join(' ')}'` : takesValue ? ' -r' : '';
        return `${within} -l ${flag.slice(2)}${value} -d ${fishText(what)}`;
      }),
    ];
  });
  return `# fish completion for dailies\n${lines.join('\n')}\n`;
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
