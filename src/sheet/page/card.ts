import type { SheetTake } from './data.js';
import type { Tools } from './start.js';

export type Cards = ReturnType<typeof makeCards>;

/** What a card asks the page to do. */
export interface CardActions {
  readonly screen: (take: SheetTake) => void;
  readonly compare: (take: SheetTake) => void;
  readonly search: (words: string) => void;
  /** What else can be done about a take; undefined on a sheet from a disk. */
  readonly controlsOf: ((take: SheetTake) => HTMLElement[]) | undefined;
}

/** Makes the card of each take, once. */
export function makeCards({ data, dom, format, picks, players, stock }: Tools, actions: CardActions) {
  const { html, icons } = dom;
  const made = new Map<SheetTake, HTMLElement>();
  const pickButtons = new WeakMap<Element, SheetTake>();
  /** What the frame of a card was made from. */
  const screened = new WeakMap<Element, string>();
  /** How many clips can be shown side by side. */
  let sisters = countSisters();
  const calm = matchMedia('(prefers-reduced-motion: reduce)');

  picks.onChange(() => markPicks(document));
  stock.onChange(({ takes }) => {
    const before = sisters;
    sisters = countSisters();
    const isApart = ({ group }: SheetTake): boolean => isAlone(before, group) !== isAlone(sisters, group);
    for (const [take, card] of made) if (takes.has(take) || isApart(take)) refresh(take, card);
  });

  function countSisters(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { group, clips } of data.takes)
      if (clips.length > 0) counts.set(group, (counts.get(group) ?? 0) + 1);
    return counts;
  }

  function isAlone(counts: ReadonlyMap<string, number>, group: string): boolean {
    return (counts.get(group) ?? 0) < 2;
  }

  function cardOf(take: SheetTake, number: number): HTMLElement {
    const known = made.get(take);
    if (known !== undefined) {
      if (known.dataset.number !== String(number)) renumber(known, number);
      // A change of picks marks what is on the page.
      if (!known.isConnected) markPicks(known);
      return known;
    }
    const card = html('article', { 'data-key': take.key, 'data-number': number, tabindex: -1 });
    made.set(take, card);
    fill(take, card);
    return card;
  }

  function renumber(card: HTMLElement, number: number): void {
    card.dataset.number = String(number);
    const edge = card.querySelector('.edge');
    if (edge !== null) edge.textContent = String(number).padStart(2, '0');
  }

  function fill(take: SheetTake, card: HTMLElement): void {
    card.className = `card ${take.state}`;
    card.setAttribute('aria-label', `${nameOf(take)}: ${take.stateWords}`);
    card.replaceChildren(stageOf(take, card), captionOf(take));
    markPicks(card);
  }

  /** Shows a take as it is now. A clip that is the same plays on, and the focus stays where it was. */
  function refresh(take: SheetTake, card: HTMLElement): void {
    const { activeElement } = document;
    const stops = [...card.querySelectorAll('button, summary')];
    const place = activeElement === null ? -1 : stops.indexOf(activeElement);
    const isOpen = card.querySelector('details')?.open === true;
    const isCurrent = card.tabIndex === 0;
    const stage = card.querySelector('.stage');
    if (stage !== null && screened.get(card) === screenOf(take)) {
      card.className = `card ${take.state}`;
      card.setAttribute('aria-label', `${nameOf(take)}: ${take.stateWords}`);
      card.querySelector('.caption')?.replaceWith(captionOf(take));
      markPicks(card);
    } else fill(take, card);
    const details = card.querySelector('details');
    if (details !== null && isOpen) details.open = true;
    const now = [...card.querySelectorAll<HTMLElement>('button, summary')];
    if (isCurrent) for (const stop of now) stop.tabIndex = 0;
    if (place >= 0) (now[place] ?? card).focus();
  }

  /** What the frame of a take depends on. */
  function screenOf({ clips, state, stateWords, reason }: SheetTake): string {
    const shown = clips.map(({ src, seconds }) => [src, seconds]);
    return JSON.stringify(clips.length > 0 ? shown : [state, stateWords, reason]);
  }

  function nameOf({ shot, take, takes }: SheetTake): string {
    return takes > 1 ? `${shot}, take ${take} of ${takes}` : shot;
  }

  /** The frame: the clip, or in its place the reason why there is none. */
  function stageOf(take: SheetTake, card: HTMLElement): HTMLElement {
    const stage = html('div', { class: 'stage' });
    const number = (card.dataset.number ?? '').padStart(2, '0');
    const edge = html('span', { class: 'edge', 'aria-hidden': 'true' }, number);
    const [clip, ...more] = take.clips;
    screened.set(card, screenOf(take));
    if (clip === undefined) {
      players.dismiss(card);
      const reason = html('p', { class: 'reason' }, take.reason);
      stage.append(html('div', { class: 'verdict' }, stateOf(take), reason), edge);
      return stage;
    }
    const play = dom.button(
      { class: 'play', 'aria-label': `Play ${nameOf(take)}`, tabindex: -1 },
      () => players.toggle(card),
      icons.play(),
    );
    stage.append(
      play,
      html('p', { class: 'broken' }, 'This browser cannot play the clip, or the clip is gone.'),
      edge,
      html('span', { class: 'length' }, format.counter(clip.seconds)),
      html('span', { class: 'played', 'aria-hidden': 'true' }),
    );
    players.show({ card, stage, src: clip.src });
    if (more.length > 0) stage.append(outputsOf(take, card, stage));
    stage.addEventListener('click', () => players.toggle(card));
    stage.addEventListener('dblclick', () => actions.screen(take));
    stage.addEventListener('pointermove', (event) => {
      if (event.pointerType !== 'mouse' || calm.matches) return;
      const box = stage.getBoundingClientRect();
      players.skim(card, Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
    });
    stage.addEventListener('pointerleave', () => players.rest(card));
    return stage;
  }

  /** A job may make several clips: one is shown, the others have numbered buttons. */
  function outputsOf(take: SheetTake, card: HTMLElement, stage: HTMLElement): HTMLElement {
    const buttons = take.clips.map(({ src }, index) => {
      const label = `Clip ${index + 1} of ${take.clips.length}`;
      const button = dom.button(
        { 'aria-label': label, 'aria-pressed': String(index === 0), tabindex: -1 },
        () => {
          players.show({ card, stage, src });
          for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
        },
        String(index + 1),
      );
      return button;
    });
    return html('div', { class: 'outputs' }, ...buttons);
  }

  function captionOf(take: SheetTake): HTMLElement {
    const title = html('h3', {}, `${take.shot} `, takeOf(take));
    const warnings = take.clips.flatMap((clip) => clip.warnings);
    return html(
      'div',
      { class: 'caption' },
      html('header', {}, title, take.clips.length > 0 ? pickOf(take) : undefined),
      take.prompt === '' ? undefined : html('p', { class: 'prompt' }, take.prompt),
      html('p', { class: 'facts' }, ...factsOf(take)),
      html('p', { class: 'outcome' }, take.clips.length > 0 ? stateOf(take) : undefined, costOf(take)),
      take.clips.length > 0 && take.reason ? html('p', { class: 'why' }, take.reason) : undefined,
      take.wanted === undefined ? undefined : html('p', { class: 'wanted' }, `Now: ${take.wanted}`),
      ...warnings.map((text) => html('p', { class: 'warning' }, icons.warning(), text)),
      take.remedy === undefined ? undefined : html('p', { class: 'remedy' }, take.remedy),
      take.matrix.length + take.tags.length > 0 ? labelsOf(take) : undefined,
      notesOf(take),
      controlsOf(take),
      detailsOf(take),
    );
  }

  /** The number of the take, which leads to the other takes and expansions of the shot as soon as two of them have clips. */
  function takeOf(item: SheetTake): HTMLElement | undefined {
    const words = item.takes > 1 ? `take ${item.take}/${item.takes}` : 'side by side';
    if (isAlone(sisters, item.group))
      return item.takes > 1 ? html('span', { class: 'take' }, words) : undefined;
    const title = 'All takes of the shot side by side (C)';
    return dom.button({ class: 'take', title, tabindex: -1 }, () => actions.compare(item), words);
  }

  function factsOf(take: SheetTake): HTMLElement[] {
    const words = [format.model(take.model), ...take.brief];
    if (take.seed !== undefined) words.push(`seed ${take.seed}`);
    const line = words.map((word) => html('span', {}, word));
    line[0]?.setAttribute('title', take.model);
    line[0]?.classList.add('model');
    return line;
  }

  function stateOf({ state, stateWords }: SheetTake): HTMLElement {
    return html('span', { class: `state ${state}` }, icons.state(state), stateWords);
  }

  function costOf({ costUsd, estimateUsd, costWords }: SheetTake): HTMLElement {
    if (costUsd !== undefined) return html('span', { class: 'cost' }, format.usd(costUsd));
    if (estimateUsd !== undefined) {
      const title = 'The gateway reported no cost: this is the estimate.';
      return html('span', { class: 'cost', title }, `~${format.usd(estimateUsd)}`);
    }
    return html('span', { class: 'cost none' }, costWords);
  }

  /** The button that picks a take: a circle, as directors draw it round a good take on the camera report. */
  function pickOf(take: SheetTake): HTMLButtonElement {
    const button = dom.button(
      { class: 'pick', tabindex: -1, 'aria-label': `Pick ${nameOf(take)}`, title: 'Pick this take (P)' },
      () => picks.toggle(take.shot, take.take),
      icons.circle(),
      // A shot with one take needs no number.
      html('span', {}, take.takes > 1 ? String(take.take) : ''),
    );
    pickButtons.set(button, take);
    mark(button);
    return button;
  }

  function markPicks(root: ParentNode): void {
    for (const button of root.querySelectorAll('.pick')) mark(button);
  }

  function mark(button: Element): void {
    const take = pickButtons.get(button);
    const picked = take !== undefined && picks.pickOf(take.shot) === take.take;
    button.setAttribute('aria-pressed', String(picked));
    button.closest('.card')?.classList.toggle('picked', picked);
  }

  function labelsOf({ matrix, tags }: SheetTake): HTMLElement {
    const values = matrix.map(([name, value]) => html('li', {}, html('i', {}, `${name} `), value));
    const buttons = tags.map((tag) => {
      const button = dom.button({ class: 'tag', tabindex: -1 }, () => actions.search(tag), tag);
      return html('li', {}, button);
    });
    return html('ul', { class: 'labels' }, ...values, ...buttons);
  }

  function notesOf({ clips }: SheetTake): HTMLElement | undefined {
    const notes = clips.flatMap((clip) => clip.notes);
    if (notes.length === 0) return undefined;
    const items = notes.map(({ seconds, text }) =>
      html('li', {}, html('b', {}, format.counter(seconds)), ` ${text}`),
    );
    return html('ul', { class: 'notes', 'aria-label': 'Notes' }, ...items);
  }

  function controlsOf(take: SheetTake): HTMLElement | undefined {
    const controls = actions.controlsOf?.(take) ?? [];
    return controls.length === 0 ? undefined : html('div', { class: 'controls' }, ...controls);
  }

  /** What is rarely needed; made on demand. */
  function detailsOf(take: SheetTake): HTMLElement {
    const details = html('details', {}, html('summary', { tabindex: -1 }, 'Details'));
    details.addEventListener(
      'toggle',
      () => {
        const rows = rowsOf(take).map(([label, value]) => [html('dt', {}, label), html('dd', {}, value)]);
        details.append(html('dl', {}, ...rows.flat()));
      },
      { once: true },
    );
    return details;
  }

  function rowsOf(take: SheetTake): [string, string | Node][] {
    const { submitted, started, completed, delivered } = take.times;
    const span = (from?: number, to?: number): string | undefined =>
      from === undefined || to === undefined || to < from ? undefined : format.length((to - from) / 1000);
    const rows: [string, string | Node | undefined][] = [
      ['state', take.stateWords],
      ['model', take.model],
      ...take.settings.map(([label, value]): [string, string] => [label, value]),
      ['seed', take.seed === undefined ? undefined : String(take.seed)],
      ['waited for', take.waitsFor.length === 0 ? undefined : take.waitsFor.join(', ')],
      ['served by', take.servedBy],
      ['job', take.job],
      ['generation', take.generation],
      ['submitted', submitted === undefined ? undefined : format.moment(submitted)],
      ['queued', span(submitted, started)],
      ['rendered in', span(started ?? submitted, completed)],
      ['downloaded in', span(completed, delivered)],
      ['attempts', take.attempts > 1 ? String(take.attempts) : undefined],
      ...take.clips.flatMap((clip): [string, string | Node][] => [
        ['file', html('a', { href: clip.src, target: '_blank', rel: 'noopener' }, clip.path)],
        ['', `${clip.width}×${clip.height}, ${format.length(clip.seconds)}, ${format.bytes(clip.bytes)}`],
        ['', clip.codecs],
      ]),
    ];
    return rows.filter((row): row is [string, string | Node] => row[1] !== undefined && row[1] !== '');
  }

  return { cardOf, factsOf, costOf, pickOf };
}
