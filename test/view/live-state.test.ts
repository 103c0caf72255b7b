import { describe, expect, it } from 'vitest';
import { createLiveState } from '../../src/view/live-state.js';
import { sampleReport, sampleTake, sheetData } from '../sheet/sample-report.js';

const shown = (...ids: readonly string[]) => {
  const { takes, ...head } = sheetData(
    sampleReport(ids.map((word) => sampleTake({ id: word.split(':')[0] ?? '', message: word }))),
  );
  return { head, takes };
};
const keys = (takes: readonly { readonly key: string }[] = []) => takes.map(({ key }) => key);

describe('what a page is told', () => {
  it('is what has changed, and nothing where nothing has', () => {
    const live = createLiveState();
    expect(live.publish(shown('a', 'b'))?.patch).toMatchObject({ order: ['a', 'b'] });
    const later = shown('a', 'b');
    expect(live.publish({ ...later, head: { ...later.head, generatedAt: 5 } })).toBeUndefined();
    const { patch } = live.publish(shown('a', 'b:new')) ?? {};
    expect([keys(patch?.takes), patch?.order]).toEqual([['b'], undefined]);
  });

  it('is all that it has missed, whenever it comes back', () => {
    const live = createLiveState();
    live.publish(shown('a', 'b', 'c'));
    const known = live.revision;
    live.publish(shown('a', 'b:1', 'c'));
    live.publish(shown('a', 'b:2', 'c:2'));
    expect(keys(live.since(known).takes)).toEqual(['b', 'c']);
    expect(live.since(live.revision)).toEqual({ takes: [] });
    expect(live.since(0)).toMatchObject({ order: ['a', 'b', 'c'] });
    live.publish(shown('c:2', 'a'));
    expect(live.since(known)).toMatchObject({ order: ['c', 'a'] });
    expect(keys(live.takes())).toEqual(['c', 'a']);
  });
});
