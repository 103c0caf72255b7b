import { Argument, type Command, type Option } from 'commander';
import { act, addExamples, type Register } from '../command.js';
import { printLines } from '../context.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];
/** What the scripts themselves ask for. */
const SHOTS = 'shots';

export const registerCompletion: Register = (program, context) => {
  const command = program
    .command('completion')
    .addArgument(
      new Argument('<SHELL>', 'the shell to complete in; shots lists the ids of a manifest').choices([
        ...SHELLS,
        SHOTS,
      ]),
    )
    .argument('[FILE]', 'a manifest')
    .description('print a completion script for bash, zsh or fish');
  addExamples(command, [
    ['dailies completion bash > ~/.local/share/bash-completion/completions/dailies', ''],
    ['dailies completion zsh > "${fpath[1]}/_dailies"', ''],
    ['dailies completion fish > ~/.config/fish/completions/dailies.fish', ''],
  ]);
  act(command, context, async ({ words: [shell, manifest = ''] }) => {
    if (shell === SHOTS) printLines(context, await shotWords(manifest));
    else context.stdout.write(completionScript(program, shell as Shell));
    return 0;
  });
};

/** The ids of a manifest's shots and takes, as far as it can be read. Throws `manifest-invalid`. */
async function shotWords(path: string): Promise<string[]> {
  const { readParsed } = await import('../../flow/project/project.js');
  const { manifest, soundPart = manifest } = (await readParsed(path, {})).parsed;
  return [...new Set(soundPart?.takes.flatMap(({ manifest_id, shot, key }) => [manifest_id, shot, key]))];
}

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
  /** The words its argument may be; undefined if it is a file. */
  readonly choices: readonly string[] | undefined;
  /** Shots follow the manifest. */
  readonly takesShots: boolean;
}

interface DescribedOption {
  readonly flag: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly takesShots: boolean;
  readonly choices: readonly string[];
}

/** A group of commands is described as one command, whose first word is the action. */
function described(command: Command): DescribedCommand {
  const [argument, next] = command.registeredArguments;
  const members = command.commands;
  const options = new Map(
    [command, ...members].flatMap((each) => each.options.map((option) => [option.long, option] as const)),
  );
  return {
    name: command.name(),
    description: command.description(),
    options: [...[...options.values()].map(describedOption), HELP],
    choices: members.length === 0 ? argument?.argChoices : members.map((member) => member.name()),
    takesShots: next?.name() === 'SHOT',
  };
}

const HELP: DescribedOption = {
  flag: '--help',
  description: 'prints help',
  takesValue: false,
  takesShots: false,
  choices: [],
};

/** The options whose values are shots or takes. */
const OF_SHOTS: ReadonlySet<string> = new Set(['only', 'until', 'rerender']);

function describedOption(option: Option): DescribedOption {
  return {
    flag: option.long ?? '',
    description: option.description,
    takesValue: option.required || option.optional,
    takesShots: OF_SHOTS.has(option.attributeName()),
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
      .filter(({ takesValue, takesShots, choices }) => takesValue && !takesShots && choices.length === 0)
      .map(({ flag }) => `'${name} ${flag}'`),
  );
  const flags = commands.map(
    ({ name, options }) => `      ${name}) words='${options.map(({ flag }) => flag).join(' ')}' ;;`,
  );
  const chosen = commands.flatMap(({ name, choices }) =>
    choices === undefined ? [] : [`      ${name}) words='${choices.join(' ')}' ;;`],
  );
  // A list of shots goes on until the next option.
  const ofShots = commands.flatMap(({ name, options, takesShots }) => [
    ...options.filter((option) => option.takesShots).map(({ flag }) => `'${name} ${flag}'`),
    ...(takesShots ? [`'${name} '*`] : []),
  ]);
  return `# bash completion for dailies
_dailies() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words=
  local word option= manifest=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$current"))
    return
  fi
  for word in "\${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
    case $word in
      -*) option=$word ;;
      *.yaml|*.yml) manifest=\${manifest:-$word} ;;
    esac
  done
  case "$command $previous" in
${values.join('\n')}
    ${free.join('|')}) return ;;
    *) case "$current" in
      -*) case "$command" in
${flags.join('\n')}
      esac ;;
      *) case "$command $option" in
        ${ofShots.join('|')}) [ -n "$manifest" ] && words=$("\${COMP_WORDS[0]}" completion ${SHOTS} "$manifest" 2>/dev/null) ;;
      esac
      case "$command" in
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
  const cases = commands.map(({ name, options, choices, takesShots }) => {
    const specs = options.map((option) => `        '${zshOption(option)}' \\`);
    const rest = choices
      ? `'1:word:(${choices.join(' ')})' '*:file:_files'`
      : takesShots
        ? "'1:manifest:_files' '*:shot:_dailies_shots'"
        : "'*:file:_files'";
    return `      ${name})\n        _arguments \\\n${specs.join('\n')}\n        ${rest} ;;`;
  });
  return `#compdef dailies
_dailies_shots() {
  local manifest=\${words[(r)*.(yaml|yml)]}
  [[ -n $manifest ]] && compadd -- \${(f)"$(dailies completion ${SHOTS} $manifest 2>/dev/null)"}
}
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

function zshOption({ flag, description, takesValue, takesShots, choices }: DescribedOption): string {
  const complete = takesShots ? '_dailies_shots' : '_files';
  const value = choices.length > 0 ? `:word:(${choices.join(' ')})` : takesValue ? `:value:${complete}` : '';
  return `${flag}[${zshText(description)}]${value}`;
}

/** Inside single quotes and inside the brackets of a specification. */
function zshText(text: string): string {
  return text.replaceAll("'", `'\\''`).replace(/[[\]:]/g, '\\$&');
}

function fishScript(commands: readonly DescribedCommand[]): string {
  const shots = `-a '(__dailies_shots)'`;
  const lines = commands.flatMap(({ name, description, options, choices, takesShots }) => {
    const within = `complete -c dailies -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c dailies -n __fish_use_subcommand -f -a ${name} -d ${fishText(description)}`,
      ...(choices === undefined ? [] : [`${within} -f -a '${choices.join(' ')}'`]),
      ...(takesShots ? [`${within} ${shots}`] : []),
      ...options.map(({ flag, description: what, takesValue, takesShots: ofShots, choices: words }) => {
        const free = ofShots ? ` -x ${shots}` : takesValue ? ' -r' : '';
        const value = words.length > 0 ? ` -x -a '${words.join(' ')}'` : free;
        return `${within} -l ${flag.slice(2)}${value} -d ${fishText(what)}`;
      }),
    ];
  });
  return `# fish completion for dailies
function __dailies_shots
  for word in (commandline -opc)
    if string match -qr '\\.ya?ml$' -- $word
      dailies completion ${SHOTS} $word 2>/dev/null
      return
    end
  end
end
${lines.join('\n')}
`;
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
