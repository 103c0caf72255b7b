import type { SheetTake, StateGroup } from './data.js';
import type { Tools } from './start.js';

/** The head of the page: the project, its outcome, and the buttons that lead out of the page. */
export function makeMasthead(
  { data, dom, format, memory, picks, selection, stock }: Tools,
  { screen, help }: { readonly screen: () => void; readonly help: () => void },
) {
  const { html, button, icons } = dom;
  const status = html('output', { class: 'toast' });
  const film = html('span', {});
  const exporting = button({ class: 'quiet export' }, exportPicks);
  const moment = html('p', {});
  let hiding = 0;
  const sums = html('dl', { class: 'totals' });
  const screening = button(
    { class: 'primary', title: 'Watch them in order (S)' },
    screen,
    icons.play(),
    'Screen',
  );

  const element = html(
    'header',
    { class: 'masthead' },
    html('div', { class: 'title' }, html('h1', {}, data.project), moment),
    sums,
    html(
      'div',
      { class: 'actions' },
      screening,
      picks.file === undefined ? undefined : exporting,
      button(
        { class: 'round', 'aria-label': 'Light or dark', title: 'Light or dark (T)' },
        toggleTheme,
        icons.light(),
      ),
      button({ class: 'round', 'aria-label': 'Keys', title: 'Keys (?)' }, help, '?'),
    ),
    status,
  );
  const theme = memory.read('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  picks.onChange(label);
  picks.onChange(measure);
  stock.onChange(refresh);
  refresh();
  label();

  /** Shows the takes as they are now. */
  function refresh(): void {
    moment.textContent = `${data.gateway} · ${format.moment(data.generatedAt)}`;
    sums.replaceChildren(...totals().flat());
    screening.disabled = !data.takes.some((take) => take.clips.length > 0);
    measure();
  }

  function totals(): HTMLElement[][] {
    const of = (state: StateGroup): readonly SheetTake[] => data.takes.filter((take) => take.state === state);
    const spent = [html('b', {}, format.usd(spentUsd()))];
    if (data.spentUnpriced > 0) {
      const jobs = format.count(data.spentUnpriced, 'job');
      spent.push(html('span', { class: 'unpriced' }, ` and ${jobs} of unknown price`));
    }
    if (data.budgetUsd !== null) spent.push(budget(data.budgetUsd));
    const trouble: readonly (readonly [StateGroup, string])[] = [
      ['failed', 'failed'],
      ['held', 'held'],
      ['active', 'in flight'],
      ['blocked', 'blocked'],
      ['missing', 'not rendered'],
    ];
    return [
      total('delivered', html('b', {}, String(of('delivered').length)), ` of ${data.takes.length}`),
      ...trouble.flatMap(([state, name]) => {
        const count = of(state).length;
        return count === 0 ? [] : [total(name, html('b', { class: state }, String(count)))];
      }),
      total('film', film),
      total(data.isOnPaper ? 'on paper' : 'spent', ...spent),
    ];
  }

  /** The length of what `dailies assemble` would join, and the length of all clips. */
  function measure(): void {
    const first = (take: SheetTake): boolean => take.take === (picks.pickOf(take.shot) ?? 1);
    const [joined, all] = [selection.filmOf(data.takes.filter(first)), selection.lengthOf(data.takes)];
    const rest = all > joined ? [` of ${format.length(all)}`] : [];
    film.replaceChildren(html('b', {}, format.length(joined)), ...rest);
    film.title = 'The picked takes, or the first take if none is picked; then all clips together';
  }

  /** The sandbox charges nothing: what a gateway would have charged. A job in flight is not spent yet. */
  function spentUsd(): number {
    if (!data.isOnPaper) return data.spentUsd;
    return selection.costOf(data.takes.filter(({ state }) => state !== 'active'));
  }

  function total(name: string, ...value: (Node | string)[]): HTMLElement[] {
    return [html('div', {}, html('dt', {}, name), html('dd', {}, ...value))];
  }

  function budget(usd: number): HTMLElement {
    const meter = html('i', { class: 'meter', 'aria-hidden': 'true' });
    meter.style.setProperty('--share', String(usd === 0 ? 1 : Math.min(1, spentUsd() / usd)));
    return html('span', {}, ` of ${format.usd(usd)}`, meter);
  }

  function label(): void {
    const changes = picks.changes();
    exporting.replaceChildren('Export picks');
    if (changes > 0) exporting.append(html('b', {}, String(changes)));
    exporting.title =
      changes > 0 ? `${format.count(changes, 'pick')} not in the project yet (E)` : 'picks.json (E)';
    exporting.classList.toggle('waiting', changes > 0);
  }

  /** Saves picks.json for `dailies pick`. */
  function exportPicks(): void {
    if (picks.file === undefined) return;
    const text = `${JSON.stringify(picks.file(), undefined, 2)}\n`;
    const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    html('a', { href: url, download: 'picks.json' }).click();
    // The browser has read the file by then; no event says when.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    say('picks.json saved. Apply it with: dailies pick MANIFEST picks.json');
  }

  /** Tells something in passing; with a button to answer it, for longer. */
  function say(text: string, answer?: { readonly words: string; readonly act: () => void }): void {
    status.replaceChildren(text);
    const hide = (): void => status.classList.remove('shown');
    if (answer !== undefined) {
      const act = (): void => {
        hide();
        answer.act();
      };
      status.append(button({ class: 'answer' }, act, answer.words));
    }
    status.classList.add('shown');
    clearTimeout(hiding);
    hiding = window.setTimeout(hide, answer === undefined ? 6000 : 12_000);
  }

  function toggleTheme(): void {
    const root = document.documentElement;
    const { theme } = root.dataset;
    const dark = theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
    root.dataset.theme = dark ? 'light' : 'dark';
    memory.write('theme', root.dataset.theme);
  }

  return { element, exportPicks, toggleTheme, say };
}
