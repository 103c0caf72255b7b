import type { Cards } from './card.js';
import type { SheetTake } from './data.js';
import type { Tools } from './start.js';

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown' | 'Home' | 'End';

/** The cards on the page: as one sheet, or shot by shot with its takes side by side. One card is current. */
export function makeGallery(
  { data, dom, format, selection, stock }: Tools,
  { cards, compare }: { readonly cards: Cards; readonly compare: (take: SheetTake) => void },
) {
  const { html, icons } = dom;
  let numbers = numberAll();
  const sums = new Map<string, HTMLElement>();
  const takeOf = new Map<Element, SheetTake>();
  const element = html('div', { class: 'gallery' });
  let shown: HTMLElement[] = [];
  let current: HTMLElement | undefined;

  element.addEventListener('focusin', ({ target }) => {
    const card = target instanceof Element ? target.closest('.card') : null;
    if (card instanceof HTMLElement) makeCurrent(card);
  });

  stock.onChange(({ takes, isNewList }) => {
    if (isNewList) numbers = numberAll();
    for (const group of new Set([...takes].map((take) => take.group))) {
      const sum = sums.get(group);
      const members = data.takes.filter((take) => take.group === group);
      if (sum?.isConnected === true) sum.textContent = sumOf(members);
    }
  });

  function numberAll(): Map<SheetTake, number> {
    return new Map(data.takes.map((take, index) => [take, index + 1]));
  }

  function show(takes: readonly SheetTake[], byShot: boolean): void {
    const before = shown;
    const wasByShot = element.classList.contains('by-shot');
    shown = takes.map((take) => {
      const card = cards.cardOf(take, numbers.get(take) ?? 0);
      takeOf.set(card, take);
      return card;
    });
    const isSame = wasByShot === byShot && shown.length === before.length;
    if (isSame && shown.length > 0 && shown.every((card, index) => card === before[index])) return;
    element.classList.toggle('by-shot', byShot);
    if (byShot) element.replaceChildren(...shots(takes));
    else arrange(shown);
    if (current === undefined || !shown.includes(current)) makeCurrent(shown[0]);
  }

  /** Puts cards in order, and moves only those that are not in their place: a thousand stay as they are when one comes. */
  function arrange(wanted: readonly HTMLElement[]): void {
    const kept = new Set<Element>(wanted);
    for (const child of [...element.children]) if (!kept.has(child)) child.remove();
    let place = element.firstElementChild;
    for (const card of wanted) {
      if (card === place) place = place.nextElementSibling;
      else element.insertBefore(card, place);
    }
  }

  function sumOf(members: readonly SheetTake[]): string {
    return `${format.count(members.length, 'take')} · ${format.usd(selection.costOf(members))}`;
  }

  /** A row for each shot of the manifest that has takes to show, with its prompt once. */
  function shots(takes: readonly SheetTake[]): HTMLElement[] {
    const groups = new Map<string, SheetTake[]>();
    for (const take of takes) groups.set(take.group, [...(groups.get(take.group) ?? []), take]);
    return [...groups].map(([group, members]) => {
      const [first] = members;
      const sameWords = members.every((take) => take.prompt === first?.prompt);
      const [clip, another] = members.filter((take) => take.clips.length > 0);
      const sum = html('p', { class: 'sum' }, sumOf(members));
      sums.set(group, sum);
      const button =
        clip !== undefined && another !== undefined
          ? dom.button({ class: 'quiet' }, () => compare(clip), icons.sideBySide(), 'Side by side')
          : undefined;
      return html(
        'section',
        { class: sameWords ? 'shot same-words' : 'shot', 'aria-label': `Shot ${group}` },
        html(
          'header',
          {},
          html('h2', {}, group),
          sum,
          sameWords && first?.prompt ? html('p', { class: 'prompt' }, first.prompt) : undefined,
          button,
        ),
        html('div', { class: 'strip' }, ...members.map((take) => cards.cardOf(take, numbers.get(take) ?? 0))),
      );
    });
  }

  /** The Tab key stops only at the current card and its controls, even among a thousand cards. */
  function makeCurrent(card: HTMLElement | undefined): void {
    if (card === current) return;
    for (const stop of stopsOf(current)) stop.tabIndex = -1;
    current = card;
    for (const stop of stopsOf(card)) stop.tabIndex = 0;
  }

  function stopsOf(card: HTMLElement | undefined): HTMLElement[] {
    return card === undefined ? [] : [card, ...card.querySelectorAll<HTMLElement>('button, summary')];
  }

  /** Moves to the neighbour that a person sees in that direction. */
  function move(arrow: Arrow): void {
    const inside = document.activeElement?.closest('.card') === current;
    const start = inside || arrow === 'Home' || arrow === 'End';
    focus((current !== undefined && start ? neighbour(current, arrow) : undefined) ?? current);
  }

  function neighbour(card: HTMLElement, arrow: Arrow): HTMLElement | undefined {
    const index = shown.indexOf(card);
    if (arrow === 'ArrowLeft') return shown[index - 1];
    if (arrow === 'ArrowRight') return shown[index + 1];
    if (arrow === 'Home') return shown[0];
    if (arrow === 'End') return shown.at(-1);
    const from = card.getBoundingClientRect();
    const down = arrow === 'ArrowDown';
    let best: { card: HTMLElement; rows: number; aside: number } | undefined;
    for (const other of shown) {
      const box = other.getBoundingClientRect();
      const rows = Math.round(down ? box.top - from.top : from.top - box.top);
      if (rows <= 4) continue;
      const aside = Math.abs(box.left - from.left);
      if (best === undefined || rows < best.rows || (rows === best.rows && aside < best.aside)) {
        best = { card: other, rows, aside };
      }
    }
    return best?.card;
  }

  function focus(card: HTMLElement | undefined): void {
    if (card === undefined) return;
    makeCurrent(card);
    card.focus();
  }

  return {
    element,
    show,
    move,
    /** Brings a take's card into view and gives it the focus; false if it is not among those shown. */
    focusTake(take: SheetTake): boolean {
      const card = shown.find((candidate) => takeOf.get(candidate) === take);
      focus(card);
      return card !== undefined;
    },
    focusCurrent: () => focus(current),
    current: () => (current === undefined ? undefined : takeOf.get(current)),
    currentCard: () => current,
  };
}
