import type { SheetTake } from '../data.js';
import type { Base } from '../service.js';
import type { Connection } from './connection.js';
import type { Dialogs } from './dialogs.js';

/** Settles a submit whose answer was lost, or gives up a job that is lost: the three ways of `dailies resolve`. */
export function makeHeld(
  { dom, format }: Base,
  {
    connection,
    dialogs,
    done,
  }: {
    readonly connection: Connection;
    readonly dialogs: Dialogs;
    readonly done: (text: string) => void;
  },
) {
  const { html, button } = dom;

  function open(take: SheetTake): void {
    const account = html('span', { role: 'status' }, 'asking…');
    const trouble = html('div', {});
    const id = html('input', {
      id: 'held-job',
      autocomplete: 'off',
      spellcheck: 'false',
      placeholder: 'as the gateway lists it',
    });
    const isUnanswered = take.settle === 'unanswered';
    const dialog = dialogs.show(
      `Settle ${take.key}`,
      html('p', {}, take.reason),
      html(
        'dl',
        { class: 'sums' },
        ...requestOf(take),
        html('dt', {}, 'the account'),
        html('dd', {}, account),
      ),
      isUnanswered
        ? html(
            'p',
            { class: 'soft' },
            'Look for the job in the gateway’s own list of activity, by the time and the words. Then say what you found.',
          )
        : undefined,
      trouble,
      isUnanswered
        ? way(
            'It is there',
            'The next run fetches its clip.',
            html('label', { for: 'held-job' }, 'Job id'),
            id,
            button(
              { class: 'quiet' },
              () => settle({ as: 'job', jobId: id.value }, 'has its job again'),
              'It is this job',
            ),
          )
        : undefined,
      isUnanswered
        ? way(
            'It is not there',
            'Nothing was charged: the take can be bought again.',
            button(
              { class: 'quiet' },
              () => settle({ as: 'not_charged' }, 'can be bought again'),
              'Not charged',
            ),
          )
        : undefined,
      way(
        'Give it up',
        'Whatever became of it counts as spent, by its estimate.',
        button({ class: 'quiet' }, () => settle({ as: 'abandoned' }, 'is given up'), 'Give it up'),
      ),
    );
    void askAccount();

    async function askAccount(): Promise<void> {
      try {
        const { usageUsd } = await connection.ask<{ usageUsd?: number }>('account');
        account.textContent =
          usageUsd === undefined
            ? 'reports nothing'
            : `says that the key has used ${format.usd(usageUsd)} in all, now`;
      } catch (error) {
        account.textContent = dialogs.wordsOf(error).message;
      }
    }

    function settle(as: { readonly as: string; readonly jobId?: string }, words: string): void {
      for (const answer of dialog.querySelectorAll<HTMLButtonElement>('.way button')) answer.disabled = true;
      connection.ask('settle', { key: take.key, ...as }).then(
        () => {
          dialog.close();
          done(`${take.key} ${words}`);
        },
        (error: unknown) => {
          trouble.replaceChildren(dialogs.objection(error));
          for (const answer of dialog.querySelectorAll<HTMLButtonElement>('.way button'))
            answer.disabled = false;
        },
      );
    }
  }

  function requestOf({ prompt, model, brief, settings, seed, times, estimateUsd }: SheetTake): HTMLElement[] {
    const rows: [string, string | undefined][] = [
      ['sent', times.submitted === undefined ? undefined : format.moment(times.submitted)],
      ['model', model],
      ['prompt', prompt],
      ['settings', [...brief, ...(seed === undefined ? [] : [`seed ${seed}`])].join(', ')],
      ...settings.map(([name, value]): [string, string] => [name, value]),
      ['may have cost', estimateUsd === undefined ? undefined : `about ${format.usd(estimateUsd)}`],
    ];
    return rows.flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [html('dt', {}, name), html('dd', {}, value)],
    );
  }

  function way(title: string, words: string, ...controls: HTMLElement[]): HTMLElement {
    return html(
      'section',
      { class: 'way' },
      html('h3', {}, title),
      html('p', { class: 'soft' }, words),
      html('div', { class: 'answers' }, ...controls),
    );
  }

  return { open };
}
