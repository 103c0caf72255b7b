import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startPageServer, type Reply } from '../../src/serve/page-server.js';
import type { EventStream } from '../../src/serve/event-stream.js';
import { renderLivePage } from '../../src/sheet/render.js';
import { createLiveState } from '../../src/view/live-state.js';
import { makeClip } from '../helpers/clips.js';
import { sampleOutput, sampleReport, sampleTake, sheetData } from '../sheet/sample-report.js';
import { isWithoutBrowser, look, useBrowser } from './pages.js';

const TAKES = 1000;
const EVENTS = 40;
const EVENT_MS = 100;
/** Half of a frame of a slow film: whoever scrolls or types feels no wait. */
const LONGEST_TASK_MS = 50;

/** How the project stands when so many takes are delivered, and the next ones are on their way. */
function standing(delivered: number) {
  const { takes, ...head } = sheetData(
    sampleReport(
      Array.from({ length: TAKES }, (_, index) =>
        index < delivered
          ? sampleTake({ id: `shot-${index}`, cost_usd: 0.12, outputs: [sampleOutput('one.mp4')] })
          : sampleTake({ id: `shot-${index}`, state: index < delivered + 16 ? 'in_progress' : 'missing' }),
      ),
    ),
  );
  const live = { told: [], paidUsd: delivered / 9, committedUsd: 2, approves: false, leftMs: 60_000 };
  const run = { where: 'here', since: 0, isStopping: false } as const;
  return { head: { ...head, live: { ...live, run } }, takes };
}

describe.skipIf(isWithoutBrowser)('a page of a thousand takes', () => {
  const browser = useBrowser();

  it('stays smooth while ten events arrive each second', { timeout: 90_000 }, async () => {
    const clip = await makeClip();
    const live = createLiveState();
    live.publish(standing(100));
    const streams = new Set<EventStream>();
    const answer = ({ path: [what] }: { readonly path: readonly string[] }): Reply => {
      if (what === undefined) {
        const head = live.head();
        if (!head) throw new Error('nothing was published');
        return { kind: 'page', ...renderLivePage({ ...head, takes: live.takes() }, `x-${live.revision}`) };
      }
      if (what !== 'events')
        return {
          kind: 'file',
          type: 'video/mp4',
          bytes: clip.length,
          read: async () => (await import('node:stream')).Readable.from([clip]),
        };
      return {
        kind: 'events',
        onOpen(stream) {
          streams.add(stream);
          return () => void streams.delete(stream);
        },
      };
    };
    const server = await startPageServer({ port: 0, answer: (visit) => Promise.resolve(answer(visit)) });
    onTestFinished(() => server.close());
    const { page, complaints } = await look(await browser.context(), server);
    await expect.poll(() => streams.size, { timeout: 20_000 }).toBe(1);
    await page.waitForTimeout(1000);

    const measure = await tasksOf(page);
    for (let event = 1; event <= EVENTS; event += 1) {
      const revised = live.publish(standing(100 + event));
      for (const stream of streams)
        stream.send({ event: 'patch', id: `x-${live.revision}`, data: revised?.patch });
      await page.waitForTimeout(EVENT_MS);
    }
    await expect
      .poll(() => page.locator('.live .now').innerText(), { timeout: 20_000 })
      .toContain(`${100 + EVENTS} of ${TAKES}`);
    expect((await measure()).filter((ms) => ms > LONGEST_TASK_MS)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

/** A task of a thread, as a trace has it: `tdur` is what it took of a processor, in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/**
 * Measures the tasks of a page's main thread from now on; what it gives ends that, and gives the milliseconds of each. They are those of a
 * processor: on a machine that is busy otherwise, the time of day says nothing.
 */
async function tasksOf(page: Page): Promise<() => Promise<readonly number[]>> {
  const browser = page.context().browser();
  if (!browser) throw new Error('there is no browser');
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  return async () => {
    const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as {
      readonly traceEvents: readonly TraceEvent[];
    };
    const isMain = ({ name, args }: TraceEvent) => name === 'thread_name' && args?.name === 'CrRendererMain';
    const mains = new Set(traceEvents.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`));
    const tasks = traceEvents.filter(
      ({ name, pid, tid }) => name.endsWith('RunTask') && mains.has(`${pid} ${tid}`),
    );
    expect(tasks.length).toBeGreaterThan(EVENTS);
    const times = tasks.map(({ tdur = 0 }) => tdur / 1000);
    // A browser that measures nothing would pass.
    expect(Math.max(...times)).toBeGreaterThan(0.1);
    return times;
  };
}
