import { InvalidArgumentError, Option, type Command } from 'commander';

/** Adds what every command that reads a manifest takes. */
export function addManifestOptions(command: Command): Command {
  return command
    .option('--gateway <NAME|URL>', 'openrouter, modelgates, sandbox or a base URL; wins over the manifest')
    .option('--output <DIR>', 'the folder for the names of the clips; wins over the manifest', parseText)
    .option(
      '--clips <DIR|s3://…>',
      'the folder or bucket that keeps clips and receipts; wins over the manifest',
      parseText,
    )
    .option('--var <NAME=VALUE>', 'sets a variable of the manifest; may be repeated', collectVariable)
    .option('--allow-large-matrix', 'lets the matrix of one shot make more than 1,000 shots');
}

/** Adds the option that lets a key go where only the manifest says. */
export function addKeyOption(command: Command): Command {
  return command.option('--with-key', 'sends the key to the named gateway, this once');
}

/** Adds the database that several machines share; `storeOf` reads it. */
export function addStoreOption(command: Command): Command {
  return command.option('--store <URL>', 'the database that machines share: postgres://…', parseText);
}

/** Adds the options that narrow a plan or a run to some takes, or extend it to delivered ones. */
export function addScopeOptions(command: Command): Command {
  return command
    .option('--only <ID...>', 'only these shots or takes (turn, turn@2)', collectList)
    .option('--until <ID>', 'this shot and the shots it is made from', parseText)
    .option('--rerender <ID...>', 'renders these again even if delivered; the old clip is kept', collectList)
    .option('--no-retry-failed', 'does not retry what failed before')
    .option('--verify', 'compares the hash of every clip on disk, not just size and time')
    .option('--approve', 'stops after each generation of shots until takes are picked')
    .addOption(
      new Option('--on-uncertain <WORD>', 'what to do about submits whose answer was lost').choices([
        'hold',
        'resubmit',
      ]),
    )
    .option('--no-preflight', 'skips the check of remote inputs');
}

/** Adds what limits the purchases of a command that buys. */
export function addSpendingOptions(command: Command): Command {
  return command
    .option('--concurrency <N>', 'jobs in flight at most; wins over the manifest', parseCount)
    .option('--max-cost <USD>', 'spends no more than this on what is wanted now', parseUsd)
    .option('--allow-unpriced', 'buys clips of unknown price despite a ceiling')
    .option('--if-plan <HASH>', 'buys without asking, and only the plan with this plan_hash', parseText);
}

/** Adds the choice of the output format. */
export function addFormatOption(command: Command, formats: readonly string[] = ['text', 'json']): Command {
  return command.addOption(
    new Option('--format <FORMAT>', 'the output format').choices(formats).default('text'),
  );
}

/** Adds the option to print only results and errors. */
export function addQuietOption(command: Command): Command {
  return command.option('--quiet', 'prints only the result and errors');
}

/** An option that collects values: `--only a --only b`, `--only a b` and `--only a,b` mean the same. */
export function collectList(value: string, previous: readonly string[] | undefined): readonly string[] {
  const words = value.split(',').filter((word) => word.trim() !== '');
  if (words.length === 0) throw new InvalidArgumentError(EMPTY);
  return [...(previous ?? []), ...words];
}

/** A script's mistake, `--only "$UNSET"`, must not mean everything, or the working folder. */
const EMPTY = 'It is empty; leave the option out, or give it a value.';

/** A text that is not empty. */
export function parseText(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError(EMPTY);
  return value;
}

export function collectVariable(
  value: string,
  previous: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const equals = value.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Write it as NAME=VALUE.');
  return { ...previous, [value.slice(0, equals)]: value.slice(equals + 1) };
}

/** A limit that `none` removes, and any other value sets. */
export function parseLimit(parse: (value: string) => number): (value: string) => number | 'none' {
  return (value) => (value === 'none' ? 'none' : parse(value));
}

/** `google/veo-3.1=8`, one or several with commas between them. */
export function collectModelLimits(
  value: string,
  previous: readonly (readonly [string, number | 'none'])[] | undefined,
): readonly (readonly [string, number | 'none'])[] {
  const pairs = collectList(value, undefined).map((pair) => {
    const equals = pair.lastIndexOf('=');
    if (equals < 1) throw new InvalidArgumentError('Write it as MODEL=N or MODEL=none.');
    return [pair.slice(0, equals).trim(), parseLimit(parseCount)(pair.slice(equals + 1).trim())] as const;
  });
  return [...(previous ?? []), ...pairs];
}

/** A number that `fits`; the error for any other says what to give. */
function parseNumber(what: string, fits: (number: number) => boolean): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === '' || !fits(number)) throw new InvalidArgumentError(`Give ${what}.`);
    return number;
  };
}

/** US dollars: 5, 0.50 or $5. */
export function parseUsd(value: string): number {
  return parseAmount(value.replace(/^\$/, ''));
}

const parseAmount = parseNumber('US dollars, such as 5', (usd) => Number.isFinite(usd) && usd >= 0);

/** A count, such as of jobs. */
export const parseCount = parseNumber(
  'a whole number from 1 up',
  (number) => Number.isInteger(number) && number >= 1,
);

/** A TCP port; 0 leaves the choice to the system. */
export const parsePort = parseNumber(
  'a port from 0 to 65535',
  (port) => Number.isInteger(port) && port >= 0 && port <= 65_535,
);

export const parseFactor = parseNumber('a number above 0', (factor) => Number.isFinite(factor) && factor > 0);
