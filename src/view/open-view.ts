import type { Clock } from '../clock.js';
import type { RunEvent } from '../events.js';
import { clipsOf } from '../flow/project/state-home.js';
import { loadProject, type ProjectOptions } from '../flow/project/project.js';
import type { EventStream } from '../serve/event-stream.js';
import { startPageServer, type Reply, type Visit } from '../serve/page-server.js';
import { DailiesError } from '../errors.js';
import { renderLivePage } from '../sheet/render.js';
import type { LiveFacts, Passing, Told } from '../sheet/page/live/facts.js';
import { act, type Desk, type ViewTerms } from './actions.js';
import { createLiveState } from './live-state.js';
import { createRunDesk } from './run-desk.js';
import { passingOf } from './passing.js';
import { seeFirst, watchProject, type Seen } from './watch.js';

/** The live page of one project, as long as it is open. */
export interface View {
  /** The address to open, with its token. */
  readonly address: string;
  /** Stops the run that this page has begun as Ctrl-C does, waits for it, and closes. */
  close(): Promise<void>;
}

/**
 * Serves the contact sheet of a project, live, on loopback, until it is closed. Each action reads the manifest again, so that it
 * acts on what the disk has. Throws what keeps the project from being read, `usage` for a port.
 */
export async function openView(options: {
  readonly project: ProjectOptions;
  readonly port: number;
  readonly clock: Clock;
  readonly terms: ViewTerms;
  /** Runs of the page stop for picks; undefined: as the manifest says. */
  readonly approves?: boolean | undefined;
}): Promise<View> {
  const { clock } = options;
  const load = () => loadProject(options.project);
  const closing = new AbortController();
  const streams = new Set<EventStream>();
  const live = createLiveState();
  // Another start of the server counts anew: a page of the former one has to be told everything.
  const epoch = clock.now().toString(36);
  let hinted = false;
  const wasHinted = () => {
    const was = hinted;
    hinted = false;
    return was;
  };
  let seen = await seeFirst(load);

  const runs = createRunDesk({
    now: () => clock.now(),
    tell(event: RunEvent) {
      hinted = true;
      const passing = passingOf(event);
      if (passing) send('passing', passing);
    },
    changed() {
      hinted = true;
      // The end of a run is told together with what it has left.
      if (runs.since() !== undefined) publish();
    },
  });
  const desk: Desk = {
    ...{
      options: options.project,
      runs,
      terms: options.terms,
      approves: options.approves,
      changing: Promise.resolve(),
      signal: closing.signal,
    },
  };
  const send = (event: string, data: Passing | object, id?: string): void => {
    for (const stream of streams) stream.send({ event, data, ...(id === undefined ? {} : { id }) });
  };
  const publish = (): void => {
    const { head, takes } = seen.look;
    const revised = live.publish({ head: { ...head, live: factsOf(seen, desk) }, takes });
    if (revised) send('patch', revised.patch, `${epoch}-${revised.revision}`);
  };
  const missedBy = (visit: Visit) => {
    const [its, revision] = (visit.lastEventId ?? visit.query.get('since') ?? '').split('-');
    return live.since(its === epoch ? Number(revision) || 0 : 0);
  };

  const answer = async (visit: Visit): Promise<Reply> => {
    const [what, name = ''] = visit.path;
    if (visit.method === 'POST') {
      try {
        return { kind: 'json', data: (await act(desk, name, visit.body)) ?? {} };
      } finally {
        hinted = true;
      }
    }
    if (what === undefined) {
      const head = live.head();
      if (!head) throw new DailiesError('internal', 'there is nothing to show');
      const data = { ...head, takes: live.takes() };
      return { kind: 'page', ...renderLivePage(data, `${epoch}-${live.revision}`) };
    }
    if (what === 'events') {
      const patch = missedBy(visit);
      return {
        kind: 'events',
        onOpen(stream) {
          streams.add(stream);
          stream.send({ event: 'patch', id: `${epoch}-${live.revision}`, data: patch });
          return () => void streams.delete(stream);
        },
      };
    }
    return clip(seen, name);
  };

  publish();
  const server = await startPageServer({ port: options.port, answer });
  const watching = watchProject({
    ...{ first: seen, load, clock, signal: closing.signal, wasHinted },
    isRunOn: () => runs.since() !== undefined || seen.other !== undefined,
    tell(next) {
      seen = next;
      publish();
    },
  });
  return {
    address: server.address,
    async close() {
      runs.stop();
      await runs.settled();
      closing.abort(new Error('the view is closed'));
      await Promise.all([watching, server.close()]);
    },
  };
}

/** What goes on, besides the report. */
function factsOf({ look, other, project, told }: Seen, { runs, approves }: Desk): LiveFacts {
  const since = runs.since();
  const isAtWorkElsewhere =
    project.database !== undefined && look.takes.some(({ state }) => state === 'active');
  const run: LiveFacts['run'] =
    since !== undefined
      ? { where: 'here', since, isStopping: runs.isStopping() }
      : other
        ? { where: 'elsewhere', who: other.who, since: other.since, isStopping: false }
        : isAtWorkElsewhere
          ? { where: 'workers', isStopping: false }
          : undefined;
  // While a run is at work, its lockfile always knows less than its receipts.
  const state = run ? [] : look.told.map((text): Told => ({ kind: 'warning', text }));
  const { paidUsd, committedUsd } = look.head;
  return {
    run,
    ended: run ? undefined : runs.ended(),
    told: [...told, ...state, ...runs.warnings()],
    ...{ paidUsd, committedUsd, approves: approves ?? project.manifest.approve },
    leftMs: run ? look.leftMs : undefined,
  };
}

/** A clip of the project. What only other projects of the same store have is not served. */
async function clip({ project, look }: Seen, sha256: string): Promise<Reply> {
  const known = look.clips.get(sha256);
  const clips = clipsOf(project);
  const there = known && (await clips.stat(sha256));
  if (!there)
    return {
      kind: 'json',
      status: 404,
      data: { error: { code: 'clip-missing', message: 'there is no such clip' } },
    };
  return {
    kind: 'file',
    type: there.container === 'webm' ? 'video/webm' : 'video/mp4',
    bytes: there.bytes,
    read: (range) => clips.read(sha256, range),
  };
}
