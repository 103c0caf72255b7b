import { describe, expect, it } from 'vitest';
import { putBack, reconciled } from '../../../src/store/postgres/put-back.js';
import { noPostgres } from '../../helpers/postgres.js';
import { ask, live, newFolder, openIn, purchase, send } from '../fixtures.js';
import { claiming, GATEWAY, openHere, stillDatabase, termsOf } from './fixtures.js';

const project = { id: termsOf().project, name: 'teaser', manifest: 'teaser.yaml', sandbox: false };

describe.skipIf(noPostgres)('purchases that are on record elsewhere', () => {
  it('are put into a database once: they count, and their wishes are not bought again', async () => {
    const local = await openIn(newFolder());
    await live(local, 'sea');
    await live(local, 'pier', 2);
    await send(local, purchase('hill'));
    const { url } = await stillDatabase();
    const known = { url, project, attempts: local.attempts() };
    expect(await putBack(known)).toEqual({ project: project.id, added: 3, advanced: 0, inHand: 0 });
    expect(await putBack(known)).toEqual({ project: project.id, added: 0, advanced: 0, inHand: 0 });
    const store = claiming(await openHere({ url } as never));
    expect(store.attempts().map(({ state }) => state.kind)).toEqual(['delivered', 'pending', 'uncertain']);
    expect(store.account().spentUsd).toBe(0.36);
    for (const shot of ['sea', 'pier', 'hill'])
      expect((await ask(store, purchase(shot))).kind).toBe('outdated');
    expect((await ask(store, purchase('dune'))).kind).toBe('go');
  });

  it('let buying go on after a database had gone back in time', async () => {
    const database = await stillDatabase();
    const { url, query } = database;
    const before = claiming(await openHere(database));
    const sea = await live(before, 'sea', 2);
    await live(before, 'pier');
    const attempts = before.attempts();
    await before.vanish();
    // A copy that is behind: it has never heard of one, and of the other no more than its intent.
    await query('update dailies."order" set attempt = null');
    await query('delete from dailies.attempt where id <> $1', [sea.id]);
    await query(
      `update dailies.attempt set state = 'uncertain', job_id = null, worker = null, steps = 1,
         moving = (moving::jsonb || '{"steps": 1, "state": {"kind": "uncertain", "since": "2026-10-10T09:00:00.000Z", "message": "x"}}')::json`,
    );
    await query('update dailies.account set intents = 1');
    await query('select dailies.hello($1)', [JSON.stringify([{ gateway: GATEWAY, name: '', intents: 2 }])]);
    const { added, advanced } = await putBack({ url, project, attempts });
    expect([added, advanced]).toEqual([1, 1]);
    await reconciled({ url, gateway: GATEWAY });
    const next = claiming(await openHere(database));
    expect(next.attempts().map(({ state }) => state.kind)).toEqual(['pending', 'delivered']);
    expect((await ask(next, purchase('pier'))).kind).toBe('outdated');
    expect((await ask(next, purchase('dune'))).kind).toBe('go');
    expect(await query('select stopped, intents::int from dailies.account')).toEqual([
      { stopped: null, intents: 3 },
    ]);
  });
});
