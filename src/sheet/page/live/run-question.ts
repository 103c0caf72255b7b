import type { Base } from '../service.js';
import type { Connection } from './connection.js';
import type { Dialogs } from './dialogs.js';
import type { AskedPlan, AskedRow } from './facts.js';

/** What a run is to be about; everything where nothing is said. */
export interface Wish {
  readonly only?: readonly string[];
  readonly rerender?: readonly string[];
}

/**
 * Shows the plan of a run with its price, and starts the run if a person presses the button that names it. The run is bound to
 * this plan: if it has changed meanwhile, the server refuses, and the new one is shown.
 */
export function makeRunQuestion(
  { data, dom, format }: Base,
  { connection, dialogs }: { readonly connection: Connection; readonly dialogs: Dialogs },
) {
  const { html, button, icons } = dom;
  /** A plan of a thousand rows is not read; the sums count. */
  const MOST_ROWS = 200;

  function open(wish: Wish = {}): void {
    const body = html('div', { class: 'plan' });
    const dialog = dialogs.show('What a run would do', body);
    let approves = data.live?.approves ?? false;
    void ask();

    async function ask(): Promise<void> {
      body.replaceChildren(html('p', { class: 'soft', role: 'status' }, 'Planning…'));
      try {
        present(await connection.ask<AskedPlan>('plan', { ...wish, approves }));
      } catch (error) {
        body.replaceChildren(dialogs.objection(error), buttons());
      }
    }

    function present(plan: AskedPlan, ...before: HTMLElement[]): void {
      const shown = plan.rows.slice(0, MOST_ROWS);
      const more = plan.rows.length - shown.length + plan.others;
      const question = html('label', { class: 'check' });
      const box = html('input', { type: 'checkbox' });
      box.checked = approves;
      box.addEventListener('change', () => {
        approves = box.checked;
        void ask();
      });
      question.append(box, 'Stop after each generation of shots until takes are picked');
      body.replaceChildren(
        ...before,
        ...plan.told.map(({ kind, text, hint }) => told(kind, text, hint)),
        plan.rows.length === 0
          ? html('p', {}, 'There is nothing to do: all is delivered.')
          : html('table', { class: 'rows' }, html('tbody', {}, ...shown.map(row))),
        more > 0
          ? html('p', { class: 'soft' }, `and ${format.count(more, 'more take')}, delivered or left alone`)
          : '',
        sums(plan),
        question,
        buttons(plan),
      );
    }

    function buttons(plan?: AskedPlan): HTMLElement {
      const cancel = button({ class: 'quiet' }, () => dialog.close(), 'Cancel');
      if (plan === undefined || plan.rows.every(({ sign }) => sign !== 'buys' && sign !== 'fetches'))
        return html('div', { class: 'answers' }, cancel);
      const go = button({ class: 'primary spend' }, () => void run(plan, go), wordsOf(plan));
      return html('div', { class: 'answers' }, cancel, go);
    }

    async function run(plan: AskedPlan, go: HTMLButtonElement): Promise<void> {
      go.disabled = true;
      try {
        await connection.ask('run', { ...wish, hash: plan.hash });
        dialog.close();
      } catch (error) {
        const objection = dialogs.objection(error);
        if (dialogs.wordsOf(error).code !== 'plan-changed') {
          body.prepend(objection);
          go.disabled = false;
          return;
        }
        const next = await connection.ask<AskedPlan>('plan', { ...wish, approves }).catch(() => undefined);
        if (next === undefined) body.prepend(objection);
        else present(next, objection);
      }
    }
  }

  /** What is agreed to, on the button itself. */
  function wordsOf({ maxUsd, unpriced, isFree, rows }: AskedPlan): string {
    const count = rows.filter(({ sign }) => sign === 'buys').length;
    if (count === 0) return 'Fetch what is paid for';
    if (isFree) return `Render ${format.count(count, 'take')} for free`;
    const more = unpriced > 0 ? ` and ${format.count(unpriced, 'unpriced take')}` : '';
    return `Spend up to ${format.usd(maxUsd)}${more}`;
  }

  function sums(plan: AskedPlan): HTMLElement {
    const { expectedUsd, maxUsd, laterUsd, spentUsd, budgetUsd, isFree } = plan;
    const free = isFree ? ' on paper: the sandbox charges nothing' : '';
    const entries: [string, string][] = [
      ['to spend', `${format.usd(expectedUsd)}, at most ${format.usd(maxUsd)}${free}`],
    ];
    if (laterUsd !== undefined) entries.push(['after picks', `at most ${format.usd(laterUsd)} more`]);
    const of = budgetUsd === null ? '' : ` of ${format.usd(budgetUsd)}`;
    entries.push(['spent so far', `${format.usd(spentUsd)}${of}`]);
    return html(
      'dl',
      { class: 'sums' },
      ...entries.flatMap(([name, value]) => [html('dt', {}, name), html('dd', {}, value)]),
    );
  }

  function row({ key, sign, what, why, model, maxUsd }: AskedRow): HTMLElement {
    const price = maxUsd === undefined ? (sign === 'buys' ? 'unpriced' : '') : format.usd(maxUsd);
    return html(
      'tr',
      { class: sign },
      html('th', { scope: 'row' }, key),
      html('td', {}, what),
      html('td', { class: 'why' }, why === what ? '' : why),
      html('td', { class: 'model' }, format.model(model)),
      html('td', { class: 'money' }, price),
    );
  }

  function told(kind: string, text: string, hint: string | undefined): HTMLElement {
    const more = hint === undefined ? undefined : html('i', {}, hint);
    return html('p', { class: `told ${kind}` }, icons.warning(), html('span', {}, text, more));
  }

  return { open };
}
