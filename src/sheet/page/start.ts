import type { SheetData, SheetTake } from './data.js';
import type { Dom } from './dom.js';
import type { Format } from './format.js';
import type { Arrow } from './gallery.js';
import type { Parts } from './index.js';
import type { Memory } from './memory.js';
import type { Picks } from './picks.js';
import type { Players } from './players.js';
import type { Serve } from './service.js';
import type { Selection } from './selection.js';
import type { Stock } from './stock.js';

/** What the parts of the page share. */
export interface Tools {
  readonly data: SheetData;
  readonly dom: Dom;
  readonly format: Format;
  readonly memory: Memory;
  readonly picks: Picks;
  readonly selection: Selection;
  readonly players: Players;
  readonly stock: Stock;
}

/** Puts the page together and listens to the keyboard. `serve` is for a page that is served. */
export function start(parts: Parts, data: SheetData, serve?: Serve): void {
  const dom = parts.makeDom();
  const format = parts.makeFormat();
  const memory = parts.makeMemory(`dailies ${data.gateway}/${data.project}`);
  const stock = parts.makeStock(data);
  const service = serve?.({ data, dom, format, memory, stock });
  const picks = service?.picks ?? parts.makePicks(data, memory);
  const selection = parts.makeSelection(data, { picks, stock });
  const players = parts.makePlayers();
  const tools: Tools = { data, dom, format, memory, picks, selection, players, stock };
  const moreKeys = Object.entries(service?.keys ?? {});
  const help = parts.makeHelp(dom, [
    ...(picks.file === undefined ? [] : [['E', 'export the picks'] as const]),
    ...moreKeys.map(([key, { words }]) => [key.toUpperCase(), words] as const),
  ]);
  const compare = (take: SheetTake): void => watch(take, true);
  const cards = parts.makeCards(tools, {
    screen: (take) => watch(take, false),
    compare,
    search: (tag) => toolbar.reset(tag),
    controlsOf: service?.controlsOf,
  });
  const theatre = parts.makeTheatre(tools, {
    cards,
    programming: parts.makeProgrammes(data, { format, differences: parts.makeDifferences(format) }),
    notesFor: (screen) => parts.makeNotes({ dom, format }, { ...screen, desk: service?.notes }),
    projectorUntil: (ended) => parts.makeProjector(dom, ended),
    left: (take) => void gallery.focusTake(take),
  });
  const gallery = parts.makeGallery(tools, { cards, compare });
  const toolbar = parts.makeToolbar(tools, show);
  const masthead = parts.makeMasthead(tools, { screen: () => watch(undefined, false), help: help.open });
  const pictures = [
    parts.makeRunPicture(tools, { layOutTimeline: parts.layOutTimeline, go }),
    parts.makeCostPicture(tools),
  ];
  const run = dom.html('div', { class: 'run' }, ...pictures.map(({ element }) => element));
  const count = dom.html('output', { class: 'count' });
  const empty = dom.html('div', { class: 'empty' });
  const main = dom.html('main', {}, count, gallery.element, empty, run);
  let shown: SheetTake[] = [];
  let drawing = 0;

  document.documentElement.style.setProperty('--shape', String(data.shape));
  document.body.append(
    masthead.element,
    ...(service === undefined ? [] : [service.bar]),
    toolbar.element,
    main,
  );
  document.addEventListener('keydown', onKey);
  stock.onChange(() => {
    show();
    if (toolbar.view() === 'run') drawLater();
  });
  show();
  service?.begin({ say: masthead.say, go });

  /** Updates the page from the toolbar. */
  function show(): void {
    const view = toolbar.view();
    shown = selection.select(toolbar.query());
    gallery.show(shown, view === 'shots');
    gallery.element.hidden = view === 'run' || shown.length === 0;
    empty.hidden = view === 'run' || shown.length > 0;
    if (!empty.hidden) empty.replaceChildren(...whyEmpty());
    const isOpened = run.hidden && view === 'run';
    run.hidden = view !== 'run';
    if (isOpened) {
      players.pauseAll();
      draw();
    }
    count.textContent = view === 'run' || shown.length === data.takes.length ? '' : summary();
    count.hidden = count.textContent === '';
  }

  function whyEmpty(): HTMLElement[] {
    if (data.takes.length === 0) return [dom.html('p', {}, 'This project has no takes yet.')];
    return [
      dom.html('p', {}, 'No takes match.'),
      dom.button({ class: 'quiet' }, () => toolbar.reset(), 'Show all'),
    ];
  }

  function draw(): void {
    for (const picture of pictures) picture.refresh();
  }

  /** The pictures of a thousand jobs are not drawn for each change. */
  function drawLater(): void {
    if (drawing === 0)
      drawing = window.setTimeout(() => {
        drawing = 0;
        draw();
      }, 1000);
  }

  function summary(): string {
    const [seconds, cost] = [selection.lengthOf(shown), selection.costOf(shown)];
    return `${shown.length} of ${format.count(data.takes.length, 'take')} · ${format.length(seconds)} · ${format.usd(cost)}`;
  }

  function watch(take: SheetTake | undefined, compare: boolean): void {
    theatre.open(shown, take, compare);
  }

  /** Shows a take's card, whatever was filtered away. */
  function go(take: SheetTake): void {
    if (toolbar.view() === 'run') toolbar.setView('sheet');
    if (gallery.focusTake(take)) return;
    toolbar.reset();
    gallery.focusTake(take);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const { target } = event;
    if (target === toolbar.search && event.key === 'Escape') {
      event.preventDefault();
      if (toolbar.search.value === '') gallery.focusCurrent();
      else toolbar.reset();
    }
    // Fields keep their letters and arrows, buttons their space bar and Enter.
    if (target instanceof HTMLElement && target.matches('input, select, textarea')) return;
    const pressing = event.key === ' ' || event.key === 'Enter';
    if (pressing && target instanceof Element && target.closest('button, summary, a') !== null) return;
    const act = ACTS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  const move = (arrow: Arrow) => () => gallery.move(arrow);
  const ACTS: Readonly<Record<string, () => void>> = {
    ArrowLeft: move('ArrowLeft'),
    ArrowRight: move('ArrowRight'),
    ArrowUp: move('ArrowUp'),
    ArrowDown: move('ArrowDown'),
    Home: move('Home'),
    End: move('End'),
    ' ': () => withCurrent((take, card) => take.clips.length > 0 && players.toggle(card)),
    Enter: () => withCurrent((take, card) => (take.clips.length > 0 ? watch(take, false) : unfold(card))),
    p: () => withCurrent((take) => take.clips.length > 0 && picks.toggle(take.shot, take.take)),
    c: () => withCurrent(compare),
    s: () => watch(undefined, false),
    m: () => {
      players.setMuted(!players.isMuted());
      masthead.say(players.isMuted() ? 'Sound off' : 'Sound on');
    },
    e: masthead.exportPicks,
    t: masthead.toggleTheme,
    '1': () => toolbar.setView('sheet'),
    '2': () => toolbar.setView('shots'),
    '3': () => toolbar.setView('run'),
    '/': () => toolbar.search.select(),
    '?': help.open,
    Escape: () => toolbar.reset(),
    ...Object.fromEntries(moreKeys.map(([key, { act }]) => [key, () => act(gallery.current())])),
  };

  function withCurrent(act: (take: SheetTake, card: HTMLElement) => unknown): void {
    const [take, card] = [gallery.current(), gallery.currentCard()];
    if (take !== undefined && card !== undefined && toolbar.view() !== 'run') act(take, card);
  }

  function unfold(card: HTMLElement): void {
    const details = card.querySelector('details');
    if (details !== null) details.open = !details.open;
  }
}
