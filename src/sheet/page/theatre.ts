import type { Cards } from './card.js';
import type { SheetTake } from './data.js';
import type { Notes } from './notes.js';
import type { Programme, Programmes } from './programmes.js';
import type { Projector } from './projector.js';
import type { Tools } from './start.js';

type Mode = 'alone' | 'beside' | 'earlier';

/** The screening: one take after the other on the whole window, or all takes of a shot side by side, in step. */
export function makeTheatre(
  { dom, format, picks, players, stock }: Tools,
  {
    cards,
    programming,
    projectorUntil,
    notesFor,
    left,
  }: {
    readonly cards: Cards;
    readonly programming: Programmes;
    /** Makes the projector, which calls back when a clip has ended. */
    readonly projectorUntil: (ended: () => void) => Projector;
    readonly notesFor: (screen: { go: (seconds: number) => void; now: () => number }) => Notes;
    /** Called with the take that was last on the screen. */
    readonly left: (take: SheetTake) => void;
  },
) {
  const { html, button, icons } = dom;
  const projector = projectorUntil(ended);
  const notes = notesFor({
    go: (seconds) => {
      setPlaying(false);
      projector.go(seconds);
    },
    now: () => projector.position()?.at ?? 0,
  });
  const caption = html('div', { class: 'programme' });
  const counter = html('span', { class: 'counter' });
  const time = html('span', { class: 'time' });
  const found = html('div', { class: 'found' });
  const slider = html('input', { type: 'range', min: 0, max: 1000, value: 0, 'aria-label': 'Position' });
  const play = button({ class: 'round' }, () => setPlaying(!projector.isPlaying()));
  const beside = button(
    { class: 'quiet', title: 'All takes of the shot (C)' },
    () => setMode(mode === 'beside' ? 'alone' : 'beside'),
    icons.sideBySide(),
    html('span', {}, 'Side by side'),
  );
  const earlier = button(
    { class: 'quiet', title: 'Beside what was made for this take before (B)' },
    () => setMode(mode === 'earlier' ? 'alone' : 'earlier'),
    html('span', {}, 'Earlier'),
  );
  const sound = button({ class: 'round', 'aria-label': 'Sound', title: 'Sound (M)' }, toggleSound);
  const dialog = html(
    'dialog',
    { class: 'theatre', 'aria-label': 'Screening', tabindex: -1 },
    projector.screen,
    caption,
    notes.element,
    html(
      'div',
      { class: 'desk' },
      button({ class: 'round', 'aria-label': 'Previous' }, () => step(-1), icons.previous()),
      play,
      button({ class: 'round', 'aria-label': 'Next' }, () => step(1), icons.next()),
      html('div', { class: 'track' }, notes.marks, slider, found),
      time,
      counter,
      beside,
      earlier,
      sound,
      button({ class: 'round', 'aria-label': 'Full screen', title: 'Full screen (F)' }, fill, icons.whole()),
      button(
        { class: 'round', 'aria-label': 'Close', title: 'Close (Esc)' },
        () => dialog.close(),
        icons.close(),
      ),
    ),
  );

  let asked: readonly SheetTake[] = [];
  let programmes: readonly Programme[] = [];
  let index = 0;
  /** The take of the programme that is heard, and that P picks. */
  let chosen: SheetTake | undefined;
  let mode: Mode = 'alone';
  let figures: readonly HTMLElement[] = [];

  slider.addEventListener('input', () => projector.seek(Number(slider.value) / 1000));
  dialog.addEventListener('keydown', onKey);
  dialog.addEventListener('close', close);
  stock.onChange(({ takes }) => {
    if (dialog.open && chosen !== undefined && takes.has(chosen)) notes.show(chosen.clips[0]);
  });
  window.addEventListener('resize', () => dialog.open && projector.fit());

  /** Opens on a take, shown alone or, when comparing, beside the other takes of its shot. */
  function open(takes: readonly SheetTake[], at: SheetTake | undefined, compare: boolean): void {
    asked = takes;
    chosen = at;
    if (arrange(compare ? 'beside' : 'alone').length === 0) return;
    players.pauseAll();
    document.body.append(dialog);
    dialog.showModal();
    // The dialog itself handles the keys, and the play button shows no focus ring.
    dialog.focus();
    setMode(compare ? 'beside' : 'alone');
    requestAnimationFrame(follow);
  }

  /** Sorts the takes into programmes and shows the one that holds the chosen take. */
  function setMode(next: Mode): void {
    // An earlier clip stands for the take that it was made for.
    if (chosen !== undefined) chosen = stock.find(chosen.key) ?? chosen;
    mode = next;
    programmes = arrange(mode);
    index = programming.placeOf(chosen, programmes);
    beside.setAttribute('aria-pressed', String(mode === 'beside'));
    earlier.setAttribute('aria-pressed', String(mode === 'earlier'));
    present();
  }

  function arrange(next: Mode): readonly Programme[] {
    if (next === 'beside') return programming.sideBySide(asked);
    if (next === 'earlier' && chosen !== undefined) return [programming.withEarlier(chosen)];
    return programming.single(asked);
  }

  function present(): void {
    const programme = programmes[index] ?? [];
    if (chosen === undefined || !programme.includes(chosen)) chosen = programme[0];
    dialog.classList.toggle('several', programme.length > 1);
    counter.textContent = `${index + 1} / ${programmes.length}`;
    figures = projector.load(programme.flatMap((take) => take.clips[0] ?? []));
    figures.forEach((figure, place) => {
      const take = programme[place];
      if (take === undefined) return;
      figure.addEventListener('click', () =>
        programme.length > 1 ? choose(take) : setPlaying(!projector.isPlaying()),
      );
      if (programme.length === 1) return;
      const words = html('span', {}, programming.apart(take, programme));
      const pick = take.before === undefined ? cards.pickOf(take) : undefined;
      figure.append(html('figcaption', {}, pick, words), ...promptApart(take, programme));
    });
    choose(chosen);
    // The words below the clips take their room first.
    projector.fit();
    setPlaying(true);
  }

  /** What was asked for, where it is not what the first was made from. */
  function promptApart(take: Programme[number], programme: Programme): HTMLElement[] {
    const stretches = programming.promptApart(take, programme);
    if (stretches === undefined) return [];
    const words = stretches.map(({ text, isOwn }) => (isOwn ? html('mark', {}, text) : text));
    return [html('p', { class: 'prompt apart' }, ...words)];
  }

  function choose(take: SheetTake | undefined): void {
    chosen = take;
    if (take === undefined) return;
    notes.show(take.clips[0]);
    earlier.hidden = (stock.find(take.key)?.earlier ?? []).length === 0;
    const programme = programmes[index] ?? [];
    const several = programme.length > 1;
    figures.forEach((figure, place) =>
      figure.classList.toggle('chosen', several && programme[place] === take),
    );
    listen();
    found.replaceChildren(
      ...(take.clips[0]?.marks ?? []).map(({ kind, from, to, label }) => {
        const mark = html('span', { class: kind, title: label });
        mark.style.left = `${from * 100}%`;
        mark.style.width = `${(to - from) * 100}%`;
        return mark;
      }),
    );
    caption.replaceChildren(
      several || take.clips.length === 0 ? '' : cards.pickOf(take),
      html(
        'div',
        {},
        html(
          'h2',
          {},
          take.shot,
          html('span', { class: 'take' }, take.takes > 1 ? `take ${take.take}/${take.takes}` : ''),
        ),
        html('p', { class: 'prompt' }, take.prompt),
        html('p', { class: 'facts' }, ...cards.factsOf(take), cards.costOf(take)),
      ),
    );
  }

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    // A focused button keeps the space bar, a focused slider its arrows.
    if (key === ' ' && event.target instanceof HTMLButtonElement) return;
    if (key.startsWith('Arrow') && event.target === slider) return;
    const act = /^[1-9]$/.test(key)
      ? () => choose(programmes[index]?.[Number(key) - 1] ?? chosen)
      : ACTS[key];
    if (act === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  const ACTS: Readonly<Record<string, () => void>> = {
    ' ': () => setPlaying(!projector.isPlaying()),
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    ArrowUp: () => chooseBy(-1),
    ArrowDown: () => chooseBy(1),
    p: () => chosen && !('before' in chosen) && picks.toggle(chosen.shot, chosen.take),
    c: () => setMode(mode === 'beside' ? 'alone' : 'beside'),
    b: () => (mode === 'earlier' || !earlier.hidden) && setMode(mode === 'earlier' ? 'alone' : 'earlier'),
    n: () => notes.write(),
    f: fill,
    m: toggleSound,
    ',': () => nudge(-1),
    '.': () => nudge(1),
  };

  function chooseBy(by: number): void {
    const programme = programmes[index] ?? [];
    const place = programme.findIndex((take) => take === chosen);
    choose(programme[place + by] ?? chosen);
  }

  function step(by: number): void {
    if (programmes[index + by] === undefined) return;
    index += by;
    present();
  }

  function ended(): void {
    if (programmes[index + 1] === undefined) setPlaying(false);
    else step(1);
  }

  function setPlaying(next: boolean): void {
    projector.setPlaying(next);
    play.replaceChildren(next ? icons.pause() : icons.play());
    play.setAttribute('aria-label', next ? 'Pause' : 'Play');
  }

  function toggleSound(): void {
    players.setMuted(!players.isMuted());
    listen();
  }

  /** Turns on the sound of the chosen take, or of none. */
  function listen(): void {
    const place = (programmes[index] ?? []).findIndex((take) => take === chosen);
    projector.listenTo(players.isMuted() ? undefined : place);
    sound.replaceChildren(players.isMuted() ? icons.silence() : icons.sound());
    sound.setAttribute('aria-pressed', String(!players.isMuted()));
  }

  function nudge(frames: number): void {
    setPlaying(false);
    projector.nudge(frames);
  }

  function follow(): void {
    if (!dialog.open) return;
    const position = projector.position();
    projector.keepStep();
    if (position !== undefined) {
      slider.value = String(Math.round((position.at / position.of) * 1000));
      time.textContent = `${format.counter(position.at)} / ${format.counter(position.of)} · ${position.frame}`;
      time.title = `frame ${position.frame}`;
    }
    requestAnimationFrame(follow);
  }

  function fill(): void {
    const change =
      document.fullscreenElement === null ? dialog.requestFullscreen() : document.exitFullscreen();
    // If the browser allows no full screen, use the whole window.
    change.catch(() => undefined);
  }

  function close(): void {
    projector.dismiss();
    dialog.remove();
    if (chosen !== undefined) left(chosen);
  }

  return { open };
}
