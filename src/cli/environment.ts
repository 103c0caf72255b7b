import { type Command, type Option } from 'commander';
import { nearest } from '../domain/nearest.js';
import { DailiesError, messageOf } from '../errors.js';
import { everyCommand, pathOf, programOf } from './tree.js';

/**
 * Options that no environment may set, by command: they name what to settle, to buy again, to remove or to set for all machines, and left
 * in an environment they would do so every time. `--yes` is allowed where it lets a run spend.
 */
const TYPED_ONLY: Readonly<Record<string, readonly string[]>> = {
  run: ['rerender'],
  plan: ['rerender'],
  enqueue: ['rerender'],
  resolve: ['jobId', 'notCharged', 'abandon', 'all', 'generation'],
  prune: ['yes'],
  'account set': ['concurrency', 'perModel', 'budget'],
  pick: ['clear'],
};

/** The same for every command: leave for one gateway, or for one plan, would also hold in the next folder. */
const ALWAYS_TYPED = ['withKey', 'ifPlan'];

/**
 * Gives a command's options the values of `DAILIES_<OPTION>` where the command line does not set them:
 * DAILIES_GATEWAY, DAILIES_MAX_COST, DAILIES_NO_PREFLIGHT=1. Throws `usage` on a value that does not fit. A word that
 * only other commands know is for them: DAILIES_FORMAT=ndjson may be set for a whole job.
 */
export function applyEnvironment(command: Command, env: NodeJS.ProcessEnv): void {
  for (const option of readable(command)) {
    const attribute = option.attributeName();
    if (command.getOptionValueSource(attribute) === 'cli') continue;
    const name = variableOf(option);
    const text = env[name];
    if (text === undefined || text === '' || isForOthers(command, option, text)) continue;
    const value = valueOf(option, { name, text });
    if (value !== undefined) command.setOptionValueWithSource(attribute, value, 'env');
  }
}

/** The options of a command that the environment may set. */
function readable(command: Command): readonly Option[] {
  const typed = [...ALWAYS_TYPED, ...(TYPED_ONLY[pathOf(command)] ?? [])];
  return command.options.filter((option) => !typed.includes(option.attributeName()));
}

/** The variables that are read besides options. A key's variable has any name that a manifest gives it (`api_key_env`). */
const READ_ELSEWHERE = ['DAILIES_API_KEY', 'DAILIES_FFMPEG', 'DAILIES_SANDBOX_SPEED', 'DAILIES_DEBUG'];
const KEY_NAME = /_(?:KEY|TOKEN|SECRET)$/;

/** The variables that look like ours and that nothing reads, with what each was probably meant to be. */
export function unreadVariables(
  command: Command,
  env: NodeJS.ProcessEnv,
): { readonly name: string; readonly meant: string | undefined }[] {
  const ours = Object.keys(env).filter((name) => name.startsWith(PREFIX) && Boolean(env[name]));
  if (ours.length === 0) return [];
  const program = programOf(command);
  const options = [program, ...everyCommand(program)].flatMap(readable);
  const known = new Set([...options.map(variableOf), ...READ_ELSEWHERE]);
  const suggested = [...known].map((name) => name.slice(PREFIX.length));
  return ours
    .filter((name) => !known.has(name) && !KEY_NAME.test(name))
    .map((name) => ({ name, word: nearest(name.slice(PREFIX.length), suggested) }))
    .map(({ name, word }) => ({ name, meant: word === undefined ? undefined : `${PREFIX}${word}` }));
}

function isForOthers(command: Command, option: Option, text: string): boolean {
  const knows = (other: Option): boolean => other.argChoices?.includes(text) ?? false;
  const siblings = everyCommand(programOf(command)).flatMap(({ options }) => options);
  return (
    !knows(option) &&
    siblings.some((other) => other.attributeName() === option.attributeName() && knows(other))
  );
}

const PREFIX = 'DAILIES_';

function variableOf(option: Option): string {
  return `${PREFIX}${(option.long ?? '').replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`;
}

/** The option's value as a text of the environment means it; undefined if it leaves a switch off. */
function valueOf(option: Option, { name, text }: { readonly name: string; readonly text: string }): unknown {
  if (option.isBoolean() || option.negate) {
    if (/^(0|false|no|off)$/i.test(text)) return undefined;
    return !option.negate;
  }
  try {
    // Only a variable's value may well hold a comma.
    const words = option.attributeName() === 'var' ? text.split('\n') : [text];
    return option.parseArg
      ? words.reduce<unknown>((previous, word) => option.parseArg?.(word, previous), undefined)
      : text;
  } catch (error) {
    throw new DailiesError('usage', `${name}=${text} does not fit ${option.flags}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
