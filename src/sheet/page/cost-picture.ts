import type { SheetTake } from './data.js';
import type { Tools } from './start.js';

/** Draws the cost of each model: what the money was spent on, and the price of a second. */
export function makeCostPicture({ data, dom, format, selection }: Tools) {
  const { html } = dom;

  const element = html('section', { class: 'picture', 'aria-label': 'Cost by model' });

  /** Draws the takes as they are now. */
  function refresh(): void {
    const models = new Map<string, SheetTake[]>();
    for (const take of data.takes) models.set(take.model, [...(models.get(take.model) ?? []), take]);
    const rows = [...models].map(([model, takes]) => account(model, takes)).sort((a, b) => b.cost - a.cost);
    const most = Math.max(...rows.map((entry) => entry.cost), 0);
    const wasted = rows.reduce((sum, { cost, kept }) => sum + cost - kept, 0);
    const head = ['model', '', 'cost', 'delivered', 'length', 'a second'];
    const said = [
      html('h2', {}, 'Cost by model'),
      data.isOnPaper ? html('p', { class: 'summary' }, 'On paper: the sandbox charges nothing.') : '',
      wasted > 0
        ? html('p', { class: 'summary' }, `${format.usd(wasted)} of it led to no clip (hatched).`)
        : '',
    ];
    element.replaceChildren(
      ...said.filter((part) => part !== ''),
      html(
        'table',
        { class: 'costs' },
        html('thead', {}, html('tr', {}, ...head.map((name) => html('th', { scope: 'col' }, name)))),
        html('tbody', {}, ...rows.map((entry) => row(entry, most))),
      ),
    );
  }

  function account(model: string, takes: readonly SheetTake[]) {
    return {
      model,
      takes: takes.length,
      delivered: takes.filter((take) => take.state === 'delivered').length,
      seconds: selection.lengthOf(takes),
      cost: selection.costOf(takes),
      kept: selection.costOf(takes.filter(({ clips }) => clips.length > 0)),
      estimated: takes.some((take) => take.estimateUsd !== undefined),
    };
  }

  function row(entry: ReturnType<typeof account>, most: number): HTMLElement {
    const share = (cost: number): number => (most === 0 ? 0 : (cost / most) * 100);
    const kept = html('i', { class: 'kept' });
    const other = html('i', { class: 'other' });
    kept.style.width = `${share(entry.kept)}%`;
    other.style.width = `${share(entry.cost - entry.kept)}%`;
    const rate = entry.seconds > 0 ? `${format.usd(entry.kept / entry.seconds)}/s` : '–';
    return html(
      'tr',
      {},
      html('th', { scope: 'row', title: entry.model }, format.model(entry.model)),
      html('td', { class: 'bar' }, html('div', { 'aria-hidden': 'true' }, kept, other)),
      html('td', { class: 'money' }, `${entry.estimated ? '~' : ''}${format.usd(entry.cost)}`),
      html('td', {}, `${entry.delivered}/${entry.takes}`),
      html('td', {}, entry.seconds > 0 ? format.length(entry.seconds) : '–'),
      html('td', {}, rate),
    );
  }

  return { element, refresh };
}
