import type { AccountId, AccountLimits } from '../../domain/account.js';
import { defined } from '../../domain/defined.js';
import { DailiesError, type ExitCode } from '../../errors.js';
import type { Accounts } from '../../store/postgres/accounts.js';
import { accountLines, type NamedAccount } from '../../ui/account-lines.js';
import { act, addExamples, type Register } from '../command.js';
import { answer, lookOf, type CliContext } from '../context.js';
import { storeOf } from '../flags.js';
import {
  addFormatOption,
  addStoreOption,
  collectModelLimits,
  parseCount,
  parseLimit,
  parseUsd,
} from '../options.js';

interface StoreFlags {
  readonly store?: string;
}

interface SetFlags extends StoreFlags {
  readonly concurrency?: number | 'none';
  readonly perModel?: readonly (readonly [model: string, limit: number | 'none'])[];
  readonly budget?: number | 'none';
}

export const registerAccount: Register = (program, context) => {
  const group = program.command('account').description('show or change the limits of a shared key');
  addExamples(group, [
    ['dailies account show', 'all accounts of DAILIES_STORE, and the live workers'],
    ['dailies account set openrouter --concurrency 64 --budget 500', ''],
    ['dailies account resume openrouter', 'after credits were added'],
  ]);
  for (const register of [registerShow, registerSet, registerResume]) register(group, context);
};

const registerShow: Register = (group, context) => {
  const command = group.command('show [ACCOUNT]').description('show limits, jobs, money, and live workers');
  addFormatOption(addStoreOption(command));
  addExamples(command, [
    ['dailies account show openrouter', ''],
    ["dailies account show 'openrouter#studio'", 'if a gateway has several keys'],
  ]);
  act<StoreFlags>(command, context, async ({ words: [word], flags }) => {
    const id = word === undefined ? undefined : await accountId(word);
    return withAccounts(flags, (accounts) => show(context, { accounts, word, id }));
  });
};

const registerSet: Register = (group, context) => {
  const command = group
    .command('set <ACCOUNT>')
    .description('change limits; "none" removes one')
    .option(
      '--concurrency <N|none>',
      'jobs in flight at once, on all machines together',
      parseLimit(parseCount),
    )
    .option('--per-model <MODEL=N>', 'the same for one model; may be repeated', collectModelLimits)
    .option(
      '--budget <USD|none>',
      'spends no more than this, in all projects together',
      parseLimit(parseUsd),
    );
  addFormatOption(addStoreOption(command));
  addExamples(command, [
    ['dailies account set openrouter --concurrency 64 --per-model google/veo-3.1=8', ''],
    ['dailies account set openrouter --budget 500', 'continues if a lower one was reached'],
  ]);
  act<SetFlags>(command, context, async ({ words: [word = ''], flags }) => {
    const id = await accountId(word);
    const limits = limitsIn(flags);
    return withAccounts(flags, async (accounts) => {
      await accounts.set(id, limits);
      return show(context, { accounts, word, id });
    });
  });
};

const registerResume: Register = (group, context) => {
  const command = group.command('resume <ACCOUNT>').description('let a stopped account buy again');
  addFormatOption(addStoreOption(command));
  addExamples(command, [['dailies account resume openrouter', 'after credits were added at the gateway']]);
  act<StoreFlags>(command, context, async ({ words: [word = ''], flags }) => {
    const id = await accountId(word);
    return withAccounts(flags, async (accounts) => {
      const resumed = await accounts.resume(id);
      if (!resumed.known) throw unknownAccount(word, await accounts.list());
      const { stopped } = resumed;
      if (stopped === 'went-back') throw wentBack(word);
      answer(context, { account: word, ...id, stopped }, () => [
        stopped === null ? `${word} was not stopped` : `${word} buys again`,
      ]);
      return 0;
    });
  });
};

async function show(
  context: CliContext,
  {
    accounts,
    word,
    id,
  }: { readonly accounts: Accounts; readonly word?: string | undefined; readonly id: AccountId | undefined },
): Promise<ExitCode> {
  const [found, workers] = await Promise.all([accounts.list(id), accounts.workers()]);
  if (word !== undefined && found.length === 0) throw unknownAccount(word, await accounts.list());
  const { presetOf } = await import('../../flow/project/gateway-target.js');
  const named = found.map((each): NamedAccount => ({ account: wordOf(each, presetOf), ...each }));
  answer(context, { accounts: named, workers }, () =>
    accountLines({ accounts: named, workers }, lookOf(context, 'stdout')),
  );
  return 0;
}

async function withAccounts(
  flags: StoreFlags,
  work: (accounts: Accounts) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { openAccounts } = await import('../../store/postgres/accounts.js');
  const accounts = await openAccounts(storeOf(flags));
  try {
    return await work(accounts);
  } finally {
    await accounts.close();
  }
}

/** The account that a word means: a gateway as `--gateway` takes it, and `#name` if there are several keys for it. */
async function accountId(word: string): Promise<AccountId> {
  const { gatewayTarget, parseGatewayOption } = await import('../../flow/project/gateway-target.js');
  const { gatewayIdentity } = await import('../../flow/project/connections.js');
  const [, gateway = word, name = ''] = /^([^#]*)#(.*)$/s.exec(word) ?? [];
  // There is no manifest that could mean another gateway, and no key is needed.
  const setting = parseGatewayOption(gateway, undefined, 'the account');
  return { gateway: gatewayIdentity(gatewayTarget(setting, {})), name };
}

function wordOf({ gateway, name }: AccountId, presetOf: (baseUrl: string) => string | undefined): string {
  return `${presetOf(gateway) ?? gateway}${name === '' ? '' : `#${name}`}`;
}

/** Throws `usage` if nothing is to be changed. */
function limitsIn({ concurrency, perModel, budget }: SetFlags): AccountLimits {
  if (concurrency === undefined && perModel === undefined && budget === undefined)
    throw new DailiesError('usage', 'account set needs --concurrency, --per-model or --budget', {
      hint: 'dailies account show prints the current limits',
    });
  const models = new Map(perModel);
  return defined({
    jobs: orNull(concurrency),
    budgetUsd: orNull(budget),
    perModel: perModel && [...models].map(([model, limit]) => ({ model, jobs: orNull(limit) })),
  });
}

function orNull<T>(limit: T | 'none'): T | null {
  return limit === 'none' ? null : limit;
}

function unknownAccount(word: string, known: readonly AccountId[]): DailiesError {
  return new DailiesError('usage', `the store has no account ${word}`, {
    hint:
      known.length === 0
        ? 'it has no account yet: the first enqueue makes one, and so does dailies account set'
        : 'dailies account show lists its accounts; dailies account set makes one',
  });
}

function wentBack(word: string): DailiesError {
  return new DailiesError(
    'store-refused',
    `${word} stays stopped: the database went back in time, and would buy again what it has forgotten`,
    { hint: 'dailies store reconcile restores what the receipts know; then buying continues' },
  );
}
