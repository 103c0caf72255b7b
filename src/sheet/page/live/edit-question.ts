import type { SheetTake } from '../data.js';
import type { Base } from '../service.js';
import type { Connection } from './connection.js';
import type { Dialogs } from './dialogs.js';
import type { AskedDraft, AskedValue } from './facts.js';
import type { Wish } from './run-question.js';

/**
 * Changes one value of a shot in the manifest. While a person types, it shows the mistakes, the lines that change and the price; it writes only
 * when asked to, and never over what somebody else has written meanwhile. It buys nothing.
 */
export function makeEditQuestion(
  { dom, format }: Base,
  {
    connection,
    dialogs,
    run,
    say,
  }: {
    readonly connection: Connection;
    readonly dialogs: Dialogs;
    /** Asks about a run of takes. */
    readonly run: (wish: Wish) => void;
    readonly say: (text: string) => void;
  },
) {
  const { html, button } = dom;
  /** A person who types is not asked after each letter. */
  const PAUSE_MS = 250;
  const FIELDS = [
    'prompt',
    'model',
    'duration',
    'resolution',
    'aspect_ratio',
    'size',
    'seed',
    'generate_audio',
  ];

  function open(take: SheetTake): void {
    const field = html('select', { id: 'edit-field' }, ...FIELDS.map((name) => html('option', {}, name)));
    const input = html('textarea', {
      id: 'edit-value',
      rows: 4,
      spellcheck: 'true',
      'aria-describedby': 'edit-mistakes',
    });
    const origin = html('div', { class: 'origin' });
    const mistakes = html('div', { id: 'edit-mistakes', role: 'status' });
    const outcome = html('div', { class: 'draft' });
    const save = button({ class: 'primary' }, () => void write(false), 'Save');
    const go = button({ class: 'quiet' }, () => void write(true), 'Save and run…');
    const dialog = dialogs.show(
      `Change ${take.key}`,
      html('div', { class: 'fields' }, html('label', { for: 'edit-field' }, 'Setting'), field),
      origin,
      html('label', { for: 'edit-value' }, 'Value'),
      input,
      mistakes,
      outcome,
      html(
        'div',
        { class: 'answers' },
        button({ class: 'quiet' }, () => dialog.close(), 'Cancel'),
        go,
        save,
      ),
    );
    let read: AskedValue | undefined;
    let where: 'there' | 'here' | undefined;
    let waiting = 0;
    let asked = 0;

    field.addEventListener('change', () => void load());
    input.addEventListener('input', () => {
      ready(false);
      clearTimeout(waiting);
      waiting = window.setTimeout(() => void check(), PAUSE_MS);
    });
    void load();

    /** Reads the value as the manifest has it now. */
    async function load(): Promise<void> {
      ready(false);
      outcome.replaceChildren();
      mistakes.replaceChildren();
      try {
        read = await connection.ask<AskedValue>('value', { key: take.key, field: field.value });
        where =
          read.choices.length === 1 ? read.choices[0] : read.choices.find((choice) => choice === 'here');
        input.value =
          read.value === null ? '' : typeof read.value === 'string' ? read.value : JSON.stringify(read.value);
        input.rows = field.value === 'prompt' ? 5 : 1;
        origin.replaceChildren(...originOf(read));
        input.focus();
      } catch (error) {
        origin.replaceChildren(dialogs.objection(error));
      }
    }

    function originOf({ origin: from, name = '', place, choices }: AskedValue): (Node | string)[] {
      const words: Readonly<Record<AskedValue['origin'], string>> = {
        shot: 'It is written on the shot',
        defaults: 'It comes from the defaults',
        anchor: `It comes from the anchor &${name}`,
        var: `It comes from the var ${name}`,
        matrix: 'It comes from the matrix',
        none: 'It is not written anywhere yet',
      };
      const line = html(
        'p',
        { class: from === 'shot' || from === 'none' ? 'soft' : 'told warning' },
        `${words[from]}${place === undefined ? '' : ` (${place})`}.`,
      );
      if (choices.length < 2) return [line];
      const options = choices.map((choice) => {
        const radio = html('input', { type: 'radio', name: 'edit-where', checked: choice === where });
        radio.addEventListener('change', () => {
          where = choice;
          void check();
        });
        const what = choice === 'there' ? 'Change it there, for all that use it' : 'Override it on this shot';
        return html('label', { class: 'check' }, radio, what);
      });
      return [line, html('div', { role: 'group', 'aria-label': 'Where' }, ...options)];
    }

    function wish(): object {
      const typed = input.value.trim();
      const isWord = field.value === 'prompt' || !/^(?:-?\d+(?:\.\d+)?|true|false|null)$/.test(typed);
      const value: unknown = isWord ? input.value : JSON.parse(typed);
      return { key: take.key, field: field.value, value, where, version: read?.version };
    }

    /** Shows what the edit would do. Only the answer to what was typed last counts. */
    async function check(): Promise<void> {
      const number = ++asked;
      try {
        const draft = await connection.ask<AskedDraft>('draft', wish());
        if (number === asked) present(draft);
      } catch (error) {
        if (number === asked) outcome.replaceChildren(dialogs.objection(error));
      }
    }

    function present({ mistakes: found, changed, lines, plan }: AskedDraft): void {
      input.setAttribute('aria-invalid', String(found.length > 0));
      mistakes.replaceChildren(
        ...found.map(({ text, hint, place }) =>
          html(
            'p',
            { class: 'told error' },
            html(
              'span',
              {},
              `${place === undefined ? '' : `${place}  `}${text}`,
              hint === undefined ? undefined : html('i', {}, hint),
            ),
          ),
        ),
      );
      if (found.length > 0 || lines === undefined) {
        outcome.replaceChildren();
        return;
      }
      const price =
        plan === undefined
          ? ''
          : `A run would then cost up to ${format.usd(plan.maxUsd)}${plan.isFree ? ' on paper' : ''}. Nothing is bought yet.`;
      outcome.replaceChildren(
        html(
          'pre',
          { class: 'diff', 'aria-label': 'The difference' },
          html('del', {}, lines.before),
          html('ins', {}, lines.after),
        ),
        html(
          'p',
          {},
          changed.length === 0
            ? 'No take asks for anything else.'
            : `${format.count(changed.length, 'take')} would change: ${changed.slice(0, 12).join(', ')}. ${price}`,
        ),
      );
      ready(lines.before !== lines.after);
    }

    function ready(isReady: boolean): void {
      save.disabled = !isReady;
      go.disabled = !isReady;
    }

    async function write(thenRun: boolean): Promise<void> {
      ready(false);
      try {
        const { changed } = await connection.ask<{ changed: readonly string[] }>('save', wish());
        dialog.close();
        if (thenRun) run(changed.length === 0 ? {} : { only: changed });
        else say(`${take.key}: ${field.value} is saved`);
      } catch (error) {
        const again = button({ class: 'quiet' }, () => void load(), 'Read it again');
        outcome.replaceChildren(dialogs.objection(error), again);
      }
    }
  }

  return { open };
}
