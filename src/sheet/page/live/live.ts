import type { SheetTake } from '../data.js';
import type { Base, Page, Service } from '../service.js';
import type { Unblocked } from './facts.js';
import type { LiveParts } from './index.js';
import type { PickChange } from './live-picks.js';

/** Puts together what a served page does besides the sheet. `since` is the revision that the page was made from. */
export function makeLive(parts: LiveParts, base: Base, since: string): Service {
  const { data, dom, format, stock } = base;
  const { html, button } = dom;
  const connection = parts.makeConnection({ stock, since });
  const dialogs = parts.makeDialogs(dom);
  const question = parts.makeRunQuestion(base, { connection, dialogs });
  const editing = parts.makeEditQuestion(base, {
    ...{ connection, dialogs, run: question.open },
    say: (text) => page?.say(text),
  });
  const held = parts.makeHeld(base, { connection, dialogs, done: (text) => page?.say(text) });
  const { picks, save } = parts.makeLivePicks(base, { connection, saved, failed });
  const bar = parts.makeBar(base, { connection, dialogs, ask: () => question.open(), page: () => page });
  /** More names than that are not read in passing. */
  const MOST_NAMED = 6;
  const undone: PickChange[] = [];
  let page: Page | undefined;

  connection.onPassing(({ key, words }) => mark(key, words));
  window.setInterval(tickAll, 1000);

  /** A pick is in the project. If shots waited for it, it says which may go on, and what that costs. */
  function saved(change: PickChange, { unblocks, maxUsd = 0, isFree }: Unblocked): void {
    undone.push(change);
    const { shot, take } = change;
    const words = take === null ? `The pick of ${shot} is removed` : `${shot}@${take} is picked`;
    if (take === null || unblocks.length === 0) {
      page?.say(words, { words: 'Undo', act: undo });
      return;
    }
    const named = unblocks.slice(0, MOST_NAMED).join(', ');
    const more = unblocks.length > MOST_NAMED ? ` and ${unblocks.length - MOST_NAMED} more` : '';
    const price = `up to ${format.usd(maxUsd)}${isFree === true ? ' on paper' : ''}`;
    page?.say(`${words}. It unblocks ${named}${more}: ${price}`, {
      words: 'Continue…',
      act: () => question.open(),
    });
  }

  function failed({ shot }: PickChange, error: unknown): void {
    const { message, hint } = dialogs.wordsOf(error);
    page?.say(`The pick of ${shot} was not saved: ${message}${hint === undefined ? '' : ` (${hint})`}`);
  }

  function undo(): void {
    const last = undone.pop();
    if (last === undefined) page?.say('There is no pick to undo');
    else void save({ shot: last.shot, take: last.before, before: last.take }).then(() => undone.pop());
  }

  function controlsOf(take: SheetTake): HTMLElement[] {
    const all: HTMLElement[] = [];
    const control = (words: string, title: string, act: () => void): void => {
      all.push(
        button({ class: 'quiet', tabindex: -1, title, 'aria-label': `${words} ${take.key}` }, act, words),
      );
    };
    if (take.settle !== undefined) control('Settle…', 'Say what became of it (H)', () => held.open(take));
    control('Change…', 'Change its prompt or a setting in the manifest (D)', () => editing.open(take));
    if (take.state === 'delivered') control('Again…', 'Render it once more (G)', () => again(take));
    return all;
  }

  function askOrSay(): void {
    if (data.live?.run === undefined) question.open();
    else page?.say('A run is on: the next one can begin when it has ended');
  }

  function again(take: SheetTake): void {
    question.open({ only: [take.key], rerender: [take.key] });
  }

  /** How long jobs have been at it, and how long such jobs take. */
  function tickAll(): void {
    if (document.hidden) return;
    for (const { key, state, times, expectedMs } of data.takes) {
      if (state !== 'active' || times.submitted === undefined) continue;
      const since = Math.max(0, Date.now() - times.submitted) / 1000;
      const of = expectedMs === undefined ? '' : ` of about ${format.length(expectedMs / 1000)}`;
      mark(key, times.completed === undefined ? `${format.length(since)}${of}` : undefined);
    }
  }

  function mark(key: string, words: string | undefined): void {
    const verdict = document.querySelector(`.card[data-key="${CSS.escape(key)}"] .verdict`);
    if (verdict === null || words === undefined) return;
    let line = verdict.querySelector('.passing');
    if (line === null) {
      line = html('p', { class: 'passing' });
      verdict.append(line);
    }
    line.textContent = words;
  }

  return {
    picks,
    bar: bar.element,
    controlsOf,
    notes: {
      add: (clip, seconds, text) => note('note', { sha256: clip.sha256, seconds, text }),
      remove: ({ id }) => note('unnote', { id }),
    },
    keys: {
      r: { words: 'show what a run would do, and its price', act: askOrSay },
      g: {
        words: 'render the take once more',
        act: (take) => {
          if (take?.state === 'delivered') again(take);
          else page?.say('Only a delivered take can be rendered once more');
        },
      },
      h: {
        words: 'settle a held take',
        act: (take) => {
          if (take?.settle) held.open(take);
          else page?.say('Only a held take can be settled');
        },
      },
      d: { words: 'change the prompt or a setting', act: (take) => take && editing.open(take) },
      u: { words: 'undo the last pick', act: undo },
    },
    begin(next) {
      page = next;
      connection.begin();
    },
  };

  function note(name: string, wish: object): void {
    connection.ask(name, wish).catch((error: unknown) => page?.say(dialogs.wordsOf(error).message));
  }
}
