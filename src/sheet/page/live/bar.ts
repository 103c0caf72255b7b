import type { StateGroup } from '../data.js';
import type { Base, Page } from '../service.js';
import type { Connection } from './connection.js';
import type { Dialogs } from './dialogs.js';
import type { LiveFacts, RunNow, Told } from './facts.js';

/** What goes on, above the sheet: the run, its money against the ceiling, what needs a person, and the buttons. */
export function makeBar(
  { data, dom, format, stock }: Base,
  {
    connection,
    dialogs,
    ask,
    page,
  }: {
    readonly connection: Connection;
    readonly dialogs: Dialogs;
    /** Asks about a run. */
    readonly ask: () => void;
    readonly page: () => Page | undefined;
  },
) {
  const { html, button, icons } = dom;
  const state = html('p', { class: 'now', role: 'status' });
  const money = html('p', { class: 'money' });
  const list = html('ul', { class: 'tellings' });
  const run = button({ class: 'primary', title: 'Show the plan and its price (R)' }, ask, 'Run…');
  const stop = button(
    { class: 'quiet', title: 'As Ctrl-C: what is in flight is collected by the next run' },
    halt,
    'Stop',
  );
  const element = html(
    'section',
    { class: 'live', 'aria-label': 'The run' },
    html(
      'div',
      { class: 'line' },
      html('div', {}, state, money),
      html('div', { class: 'answers' }, stop, run),
    ),
    list,
  );
  /** When the guess of the time left was made, and what was told last, so that nothing is drawn anew for nothing. */
  let heardAt = Date.now();
  let toldText = '';

  stock.onChange(() => {
    heardAt = Date.now();
    refresh();
  });
  connection.onThere(refresh);
  window.setInterval(tick, 1000);
  refresh();

  function refresh(): void {
    const facts = data.live;
    const isThere = connection.isThere();
    element.classList.toggle('away', !isThere);
    run.hidden = facts?.run !== undefined;
    run.disabled = !isThere;
    stop.hidden = facts?.run?.where !== 'here';
    stop.disabled = facts?.run?.isStopping === true || !isThere;
    state.textContent = wordsNow(facts, isThere);
    money.replaceChildren(...moneyNow(facts));
    tellAll([...(facts?.ended ? [facts.ended] : []), ...(facts?.told ?? [])]);
  }

  function tick(): void {
    if (!document.hidden && data.live?.run !== undefined)
      state.textContent = wordsNow(data.live, connection.isThere());
  }

  function wordsNow(facts: LiveFacts | undefined, isThere: boolean): string {
    if (!isThere) return 'The server does not answer: this is how it stood. Is dailies view still running?';
    const counts = [`${of('delivered')} of ${data.takes.length} delivered`];
    const trouble: readonly (readonly [StateGroup, string])[] = [
      ['active', 'in flight'],
      ['failed', 'failed'],
      ['held', 'held'],
    ];
    for (const [group, name] of trouble) if (of(group) > 0) counts.push(`${of(group)} ${name}`);
    if (facts?.run === undefined) return `No run is on · ${counts.join(' · ')}`;
    const left = facts.leftMs === undefined ? undefined : facts.leftMs - (Date.now() - heardAt);
    if (left !== undefined && left > 1000) counts.push(`about ${roughly(left / 1000)} left`);
    return `${whose(facts.run)} · ${counts.join(' · ')}`;
  }

  function whose({ where, who, isStopping }: RunNow): string {
    if (isStopping) return 'Stopping, and writing the state';
    if (where === 'here') return 'Running';
    return where === 'workers' ? 'Workers are rendering' : `Running elsewhere (${who ?? 'another process'})`;
  }

  function of(group: StateGroup): number {
    return data.takes.filter((take) => take.state === group).length;
  }

  /** Guesses have no seconds. */
  function roughly(seconds: number): string {
    if (seconds < 50) return `${Math.max(5, Math.round(seconds / 5) * 5)} s`;
    return format.length(Math.round(seconds / 60) * 60);
  }

  function moneyNow(facts: LiveFacts | undefined): (Node | string)[] {
    if (facts === undefined) return [];
    const { paidUsd, committedUsd } = facts;
    const words = [`${format.usd(paidUsd)} ${data.isOnPaper ? 'on paper' : 'paid'}`];
    if (committedUsd > 0) words.push(`${format.usd(committedUsd)} committed`);
    if (data.budgetUsd === null) return [words.join(' · ')];
    const meter = html('i', { class: 'two', 'aria-hidden': 'true' });
    const share = (usd: number): string => String(data.budgetUsd ? Math.min(1, usd / data.budgetUsd) : 1);
    meter.style.setProperty('--paid', share(paidUsd));
    meter.style.setProperty('--committed', share(paidUsd + committedUsd));
    return [`${words.join(' · ')} of ${format.usd(data.budgetUsd)}`, meter];
  }

  function tellAll(told: readonly Told[]): void {
    const text = JSON.stringify(told);
    if (text === toldText) return;
    toldText = text;
    list.replaceChildren(...told.map(telling));
  }

  function telling({ kind, text, hint, keys = [] }: Told): HTMLElement {
    const links = keys.slice(0, 12).map((key) => button({ class: 'tag' }, () => show(key), key));
    const more = hint === undefined ? undefined : html('i', {}, hint);
    const sign = kind === 'note' ? icons.circle() : icons.warning();
    return html('li', { class: `told ${kind}` }, sign, html('span', {}, text, more, ...links));
  }

  function show(key: string): void {
    const take = stock.find(key) ?? data.takes.find((one) => `${one.shot}@${one.take}` === key);
    if (take !== undefined) page()?.go(take);
  }

  function halt(): void {
    stop.disabled = true;
    connection.ask('stop').catch((error: unknown) => page()?.say(dialogs.wordsOf(error).message));
  }

  return { element };
}
