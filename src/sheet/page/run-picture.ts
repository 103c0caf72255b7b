import type { SheetTake } from './data.js';
import type { Tools } from './start.js';
import type { layOutTimeline, TimelineJob } from './timeline.js';

/** Draws the run: who rendered when, and who waited for whom. */
export function makeRunPicture(
  { data, dom, format }: Tools,
  parts: { readonly layOutTimeline: typeof layOutTimeline; readonly go: (take: SheetTake) => void },
) {
  const { html, svg } = dom;
  /** Text is written on this many bars at most, and as many threads drawn between them: the widest, the first. */
  const MOST_WORDS = 200;
  const AXIS = 22;

  const tip = html('output', { class: 'tip' });
  const frame = html('div', { class: 'timeline', tabindex: -1 });
  const summary = html('p', { class: 'summary' });
  const signs = html('ul', { class: 'legend' });
  const element = html(
    'section',
    { class: 'picture', 'aria-label': 'The jobs over time' },
    html('h2', {}, 'The run'),
    summary,
    html('div', { class: 'timeline-box' }, frame, tip),
    signs,
  );
  let layout = parts.layOutTimeline([], 0, 1);
  let laneHeight = 0;

  frame.addEventListener('pointermove', (event) => point(jobAt(event), event));
  frame.addEventListener('pointerleave', () => point(undefined));
  frame.addEventListener('click', (event) => {
    const job = jobAt(event);
    if (job !== undefined) parts.go(job.take);
  });
  new ResizeObserver(refresh).observe(frame);

  /** Draws the takes as they are now, where the picture is to be seen. */
  function refresh(): void {
    const width = frame.clientWidth;
    if (width < 40) return;
    signs.replaceChildren(...legend());
    layout = parts.layOutTimeline(data.takes, data.generatedAt, Math.floor(width));
    laneHeight = layout.lanes <= 14 ? 30 : layout.lanes <= 40 ? 16 : 8;
    summary.textContent = summarize();
    const height = AXIS + layout.lanes * laneHeight;
    // A thousand jobs are a handful of paths: one for each phase, whatever their number.
    const picture = svg(
      'svg',
      {
        width: Math.max(layout.width, Math.floor(width)),
        height,
        role: 'img',
        'aria-label': summary.textContent,
      },
      ...layout.ticks.flatMap((tick) => [
        svg('path', { class: 'tick', d: `M${round(tick.x)} ${AXIS - 6}V${height}` }),
        svg('text', { class: 'axis', x: round(tick.x) + 4, y: AXIS - 9 }, elapsed(tick.seconds)),
      ]),
      ...layout.cuts.map((cut) =>
        svg('text', { class: 'cut', x: round(cut.x), y: AXIS - 9, 'text-anchor': 'middle' }, `⋯`),
      ),
      ...layout.cuts.map((cut) => svg('path', { class: 'cut', d: `M${round(cut.x)} ${AXIS - 6}V${height}` })),
      ...phases(),
      ...threads(),
      ...words(),
    );
    frame.replaceChildren(picture);
  }

  function phases(): SVGElement[] {
    const paths = new Map<string, string>();
    for (const job of layout.jobs) {
      const top = topOf(job);
      add('queued', job.from, job.started, top, barHeight());
      add(`rendering ${job.take.state}`, job.started, Math.max(job.until, job.started + 2), top, barHeight());
      add('downloading', job.until, job.delivered, top + barHeight() + 1, Math.max(1, laneHeight / 10));
    }
    function add(phase: string, from: number, until: number, top: number, height: number): void {
      if (until <= from) return;
      // A thin gap between neighbours, so that two bars never look like one.
      const wide = Math.max(1, until - from - (until - from > 6 ? 1 : 0));
      const box = `M${round(from)} ${round(top)}h${round(wide)}v${round(height)}h${-round(wide)}z`;
      paths.set(phase, (paths.get(phase) ?? '') + box);
    }
    return [...paths].map(([phase, d]) => svg('path', { class: phase, d }));
  }

  /** A thread from the end of a clip to the shots that waited for it. */
  function threads(): SVGElement[] {
    const ends = new Map<string, TimelineJob>();
    // A shot waits for the picked take; if none is picked, the last is as good a guess as any.
    const delivered = layout.jobs.filter((job) => job.take.state === 'delivered');
    for (const job of delivered) if (!ends.get(job.take.shot)?.take.picked) ends.set(job.take.shot, job);
    const pairs = layout.jobs.flatMap((job) =>
      job.take.waitsFor.flatMap((shot) => {
        const source = ends.get(shot);
        return source === undefined ? [] : [[source, job] as const];
      }),
    );
    return pairs.slice(0, MOST_WORDS).map(([source, job]) => {
      const [x1, x2] = [source.delivered, job.from];
      const [y1, y2] = [topOf(source) + barHeight() / 2, topOf(job) + barHeight() / 2];
      const bend = Math.max(12, (x2 - x1) / 2);
      const d = `M${round(x1)} ${round(y1)}C${round(x1 + bend)} ${round(y1)} ${round(x2 - bend)} ${round(y2)} ${round(x2)} ${round(y2)}`;
      return svg('path', { class: 'thread', d });
    });
  }

  function words(): SVGElement[] {
    if (laneHeight < 16) return [];
    const room = (job: TimelineJob): number => job.until - job.started;
    const roomy = layout.jobs.filter((job) => room(job) > 44);
    const widest = roomy.sort((a, b) => room(b) - room(a)).slice(0, MOST_WORDS);
    return widest.map((job) => {
      const letters = Math.floor((room(job) - 10) / 6.2);
      const { key } = job.take;
      const text = key.length > letters ? `${key.slice(0, Math.max(1, letters - 1))}…` : key;
      const y = round(topOf(job) + barHeight() / 2 + 4);
      return svg('text', { class: `word ${job.take.state}`, x: round(job.started) + 6, y }, text);
    });
  }

  function topOf(job: TimelineJob): number {
    return AXIS + job.lane * laneHeight;
  }

  function barHeight(): number {
    return laneHeight * 0.74;
  }

  function jobAt(event: MouseEvent): TimelineJob | undefined {
    const box = frame.firstElementChild?.getBoundingClientRect();
    if (box === undefined) return undefined;
    const lane = Math.floor((event.clientY - box.top - AXIS) / laneHeight);
    const x = event.clientX - box.left;
    return layout.jobs.find(
      (job) => job.lane === lane && job.from - 1 <= x && x <= Math.max(job.until, job.from + 4),
    );
  }

  function point(job: TimelineJob | undefined, event?: MouseEvent): void {
    frame.classList.toggle('pointing', job !== undefined);
    tip.classList.toggle('shown', job !== undefined);
    if (job === undefined || event === undefined) return;
    tip.replaceChildren(html('b', {}, job.take.key), ` ${describe(job.take)}`);
    const box = frame.getBoundingClientRect();
    const left = Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth);
    tip.style.transform = `translate(${Math.max(0, left)}px, ${event.clientY - box.top + 18}px)`;
  }

  function describe({ times, model, stateWords }: SheetTake): string {
    const { submitted, started, completed, delivered } = times;
    const words = [format.model(model), stateWords];
    const spans: [string, number | undefined, number | undefined][] = [
      ['queued', submitted, started],
      ['rendering', started ?? submitted, completed],
      ['downloading', completed, delivered],
    ];
    for (const [name, from, until] of spans) {
      if (from !== undefined && until !== undefined && until > from)
        words.push(`${name} ${format.length((until - from) / 1000)}`);
    }
    return words.join(' · ');
  }

  /** The picture in a sentence, for all readers and for those who cannot see it. */
  function summarize(): string {
    if (layout.begun === undefined) return 'No job was submitted.';
    const { jobs } = layout;
    const queued = median(jobs.map(({ take: { times } }) => [times.submitted, times.started]));
    const rendered = median(
      jobs.map(({ take: { times } }) => [times.started ?? times.submitted, times.completed]),
    );
    const downloaded = median(jobs.map(({ take: { times } }) => [times.completed, times.delivered]));
    return [
      `${format.moment(layout.begun)}: ${format.count(jobs.length, 'job')} in ${format.length(layout.ms / 1000)}`,
      `at most ${layout.lanes} at once`,
      queued && `median queue time ${queued}`,
      rendered && `rendered in ${rendered}`,
      downloaded && `downloaded in ${downloaded}`,
    ]
      .filter(Boolean)
      .join(', ');
  }

  function median(pairs: readonly (readonly [number | undefined, number | undefined])[]): string | undefined {
    const spans = pairs
      .flatMap(([from, until]) => (from === undefined || until === undefined ? [] : [until - from]))
      .sort((a, b) => a - b);
    const middle = spans[Math.floor((spans.length - 1) / 2)];
    return middle === undefined ? undefined : format.length(Math.max(0, middle) / 1000);
  }

  function elapsed(seconds: number): string {
    return seconds === 0 ? '0' : format.length(seconds);
  }

  function legend(): HTMLElement[] {
    const failed = data.takes.some((take) => take.state === 'failed');
    const waited = data.takes.some((take) => take.waitsFor.length > 0);
    const all: readonly (readonly [string, string, boolean])[] = [
      ['queued', 'queued', true],
      ['rendering', 'rendering', true],
      ['downloading', 'downloading', true],
      ['failed', 'failed', failed],
      ['thread', 'waited for its clip', waited],
    ];
    return all
      .filter(([, , occurs]) => occurs)
      .map(([name, text]) => html('li', {}, html('i', { class: name }), text));
  }

  function round(pixels: number): number {
    return Math.round(pixels * 10) / 10;
  }

  return { element, refresh };
}
