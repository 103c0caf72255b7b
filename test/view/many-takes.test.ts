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

  // The tasks of a machine that is busy otherwise say nothing: a second try is fair.
  it('stays smooth while ten events arrive each second', { retry: 2, timeout: 60_000 }, async () => {
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
    await expect.poll(() => streams.size).toBe(1);
    await page.waitForTimeout(1000);

    await page.evaluate(`window.tasks = []; new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.tasks.push(Math.round(duration));
    }).observe({ type: 'longtask' })`);
    for (let event = 1; event <= EVENTS; event += 1) {
      const revised = live.publish(standing(100 + event));
      for (const stream of streams)
        stream.send({ event: 'patch', id: `x-${live.revision}`, data: revised?.patch });
      await page.waitForTimeout(EVENT_MS);
    }
    await expect.poll(() => page.locator('.live .now').innerText()).toContain(`${100 + EVENTS} of ${TAKES}`);
    const tasks = await page.evaluate<number[]>('window.tasks');
    expect(tasks.filter((ms) => ms > LONGEST_TASK_MS)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
