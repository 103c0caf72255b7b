import type { AccountStanding, WorkerStanding } from '../domain/account.js';
import { count, formatDuration, formatUsd } from './figures.js';
import { styleOf, type Look } from './look.js';
import { commandLine } from './shell.js';
import { tableLines, type TableRow } from './table.js';
import { clean } from './text.js';

/** An account with the name that commands use for it. */
export type NamedAccount = AccountStanding & { readonly account: string };

/** Accounts and the live workers, for people. */
export function accountLines(
  {
    accounts,
    workers,
  }: { readonly accounts: readonly NamedAccount[]; readonly workers: readonly WorkerStanding[] },
  look: Look,
): string[] {
  return [
    ...(accounts.length === 0
      ? ['no account yet: the first enqueue makes one, and so does dailies account set', '']
      : []),
    ...accounts.flatMap((account) => [...oneAccount(account, look), '']),
    `${count(workers.length, 'worker')} alive`,
    ...tableLines(workers.map(workerRow), { width: look.width }),
  ];
}

function oneAccount(account: NamedAccount, look: Look): string[] {
  const { paint } = styleOf(look);
  const { in_flight: inFlight, concurrency, ready, spent_usd: spent, budget_usd: budget, stopped } = account;
  const row = (label: string, rest: string): TableRow => ({ cells: [label], rest });
  const rows = [
    row('jobs', `${inFlight}${outOf(concurrency)} in flight, ${count(ready, 'order')} waiting for a place`),
    ...account.models.map((each) =>
      row('', `${clean(each.model)}: ${each.in_flight}${outOf(each.concurrency)}`),
    ),
    row(
      'spent',
      `${formatUsd(spent, { round: 'up' })}${budget === null ? ', no budget' : ` of ${formatUsd(budget)}`}`,
    ),
    row('pace', paceWords(account)),
    ...(stopped === null
      ? []
      : [
          {
            ...row('stopped', reasonOf(stopped)),
            note: paint.dim(remedyOf(stopped, account.account)),
            paintRest: paint.yellow,
          },
        ]),
  ];
  return [paint.bold(clean(account.account)), ...tableLines(rows, { width: look.width })];
}

function outOf(limit: number | null): string {
  return limit === null ? '' : ` of ${limit}`;
}

function paceWords({ gap_ms: gapMs, paused_for_ms: pausedMs }: AccountStanding): string {
  const pause = pausedMs === 0 ? [] : [`nothing is submitted for ${formatDuration(pausedMs)}`];
  const gap = gapMs === 0 ? [] : [`${formatDuration(gapMs)} between two submits`];
  return [...pause, ...gap].join(', then ') || 'as fast as places become free';
}

const REASONS: Readonly<Record<string, string>> = {
  credits: 'the gateway said that the credits are used up',
  budget: 'its budget is reached',
  gateway: 'the gateway gave an unclear answer to a submit',
  'went-back': 'the database went back in time, and would buy again what it has forgotten',
};

function reasonOf(stopped: string): string {
  return REASONS[stopped] ?? clean(stopped);
}

function remedyOf(stopped: string, account: string): string {
  if (stopped === 'went-back') return 'dailies store reconcile';
  return stopped === 'budget'
    ? commandLine('dailies', 'account', 'set', account, '--budget', 'USD')
    : commandLine('dailies', 'account', 'resume', account);
}

function workerRow({ id, name, lease_left_ms: leftMs, orders }: WorkerStanding): TableRow {
  return {
    cells: [id, clean(name)],
    rest: `${count(orders, 'order')} in hand, lease for ${formatDuration(leftMs)}`,
  };
}
