import type { Query, SortKey, Trait } from './selection.js';
import type { Tools } from './start.js';

export type View = 'sheet' | 'shots' | 'run';

/** Search, filters, order and the three views. */
export function makeToolbar({ data, dom, format, picks, selection, stock }: Tools, changed: () => void) {
  const { html, button, icons } = dom;
  /** The filters, each shown where it occurs. */
  const TRAITS: readonly (readonly [Trait, string])[] = [
    ['delivered', 'Delivered'],
    ['failed', 'Failed'],
    ['held', 'Held'],
    ['active', 'In flight'],
    ['blocked', 'Blocked'],
    ['missing', 'Not rendered'],
    ['warned', 'Warnings'],
    ['picked', 'Picked'],
  ];
  const traits = new Set<Trait>();
  let view: View = 'sheet';
  let descending = false;

  const search = html('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': 'Search',
    'aria-keyshortcuts': '/',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const model = html('select', { 'aria-label': 'Model' });
  const tag = html('select', { 'aria-label': 'Tag' });
  const sort = html(
    'select',
    { 'aria-label': 'Sort by' },
    html('option', { value: 'order' }, 'In order'),
    html('option', { value: 'cost' }, 'By cost'),
    html('option', { value: 'length' }, 'By length'),
  );
  const direction = button({ class: 'round', title: 'Reverse the order' }, () => {
    descending = !descending;
    refresh();
  });
  const views = new Map<View, HTMLButtonElement>();
  for (const [name, label] of [
    ['sheet', 'Sheet'],
    ['shots', 'Shots'],
    ['run', 'Run'],
  ] as const) {
    views.set(
      name,
      button({}, () => setView(name), label),
    );
  }
  const chips = new Map<Trait, HTMLButtonElement>();
  for (const [trait, label] of TRAITS) chips.set(trait, chip(trait, label));

  const element = html(
    'div',
    { class: 'toolbar', role: 'search', 'aria-label': 'Search and filters' },
    html('div', { class: 'views', role: 'group', 'aria-label': 'View' }, ...views.values()),
    html('div', { class: 'search' }, search, html('kbd', { 'aria-hidden': 'true' }, '/')),
    html('div', { class: 'chips', role: 'group', 'aria-label': 'Filter by state' }, ...chips.values()),
    html('div', { class: 'choices' }, model, tag, sort, direction),
  );
  search.addEventListener('input', refresh);
  for (const select of [model, tag]) select.addEventListener('change', refresh);
  sort.addEventListener('change', () => {
    // People look for the most expensive and the longest.
    descending = sort.value !== 'order';
    refresh();
  });
  picks.onChange(label);
  stock.onChange(({ isNewList }) => {
    if (isNewList) offer();
    label();
  });
  offer();
  label();

  /** The models and tags to choose from, the most frequent first. */
  function offer(): void {
    fillChoice(model, 'All models', counts(data.takes.map((take) => take.model)), format.model);
    fillChoice(tag, 'All tags', counts(data.takes.flatMap((take) => take.tags)), (name) => name);
  }

  function chip(trait: Trait, text: string): HTMLButtonElement {
    const sign =
      trait === 'warned' ? icons.warning() : trait === 'picked' ? icons.circle() : icons.state(trait);
    return button({ class: `chip ${trait}` }, () => toggle(trait), sign, text, html('b', {}));
  }

  function toggle(trait: Trait): void {
    if (!traits.delete(trait)) traits.add(trait);
    refresh();
  }

  function fillChoice(
    select: HTMLSelectElement,
    all: string,
    options: ReadonlyMap<string, number>,
    words: (value: string) => string,
  ): void {
    const { value: chosen } = select;
    const entries = [...options].map(([value, count]) =>
      html('option', { value }, `${words(value)} (${count})`),
    );
    select.replaceChildren(html('option', { value: '' }, all), ...entries);
    select.value = options.has(chosen) ? chosen : '';
    select.hidden = options.size < 2;
  }

  function counts(values: readonly string[]): Map<string, number> {
    const found = new Map<string, number>();
    for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
    return new Map([...found].sort((a, b) => b[1] - a[1]));
  }

  function countOf(trait: Trait): number {
    return data.takes.filter((take) => {
      if (trait === 'warned') return selection.isWarned(take);
      if (trait === 'picked') return picks.pickOf(take.shot) === take.take;
      return take.state === trait;
    }).length;
  }

  function refresh(): void {
    label();
    changed();
  }

  /** Updates the controls from the current query. */
  function label(): void {
    element.classList.toggle('idle', view === 'run');
    for (const [name, element] of views) element.setAttribute('aria-pressed', String(name === view));
    for (const [trait, element] of chips) {
      element.setAttribute('aria-pressed', String(traits.has(trait)));
      const [number, count] = [element.querySelector('b'), countOf(trait)];
      if (number !== null) number.textContent = String(count);
      // A filter that is on can be turned off, and picks are always wanted.
      element.hidden = count === 0 && trait !== 'picked' && !traits.has(trait);
    }
    direction.textContent = descending ? '↓' : '↑';
    direction.setAttribute(
      'aria-label',
      descending ? 'Descending: reverse the order' : 'Ascending: reverse the order',
    );
  }

  function setView(next: View): void {
    view = next;
    refresh();
  }

  function query(): Query {
    return {
      words: search.value,
      traits,
      model: model.value,
      tag: tag.value,
      sort: sort.value as SortKey,
      descending,
    };
  }

  /** Shows everything again, or all that has a tag. */
  function reset(tagName = ''): void {
    search.value = '';
    traits.clear();
    model.value = '';
    tag.value = tagName;
    refresh();
  }

  return { element, query, reset, setView, view: () => view, search };
}
