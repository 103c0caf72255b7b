import { describe, expect, it } from 'vitest';
import { newRoot, startAgent } from './agent.js';

const FILM = `version: 1
project: kites
gateway: sandbox
poll: { interval: 0.05 }
defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }
approve: true
shots:
  - { id: kite, prompt: A red kite climbs, takes: 2 }
  - { id: beach, prompt: The kite lands, first_frame: { from: kite, at: last } }
`;

describe('an agent', { timeout: 120_000 }, () => {
  it('makes a whole film with tools alone, from an empty folder to picks', async () => {
    const agent = await startAgent(await newRoot());
    const manifest = 'kites.yaml';
    const { tools } = await agent.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      ...['create', 'validate', 'plan', 'models', 'schema', 'run', 'stop', 'status'],
      ...['look', 'pick', 'resolve', 'value', 'edit'],
    ]);
    for (const { inputSchema, outputSchema, annotations, description } of tools) {
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(outputSchema).toMatchObject({ type: 'object' });
      expect(annotations?.readOnlyHint).toBeTypeOf('boolean');
      expect(description).toMatch(/\.$/);
    }

    expect((await agent.call('schema')).data).toMatchObject({
      fields: { of_a_shot_or_defaults: { prompt: expect.stringContaining('text') as string } },
    });
    const wrong = FILM.replace('duration: 4', 'duration: 5');
    const refused = await agent.call('create', { manifest, text: wrong });
    expect(refused.data).toMatchObject({
      written: false,
      diagnostics: [{ code: 'duration-unsupported', at: '5:51' }],
    });
    expect((await agent.call('create', { manifest, text: FILM })).data).toMatchObject({ written: true });
    expect((await agent.call('create', { manifest, text: FILM })).isError).toBe(true);
    expect((await agent.call('validate', { manifest })).data).toMatchObject({ valid: true });
    const models = await agent.call('models', { manifest, words: ['veo-3.1-lite'] });
    expect(models.data).toMatchObject({ gateway: 'sandbox', models: [{ id: 'google/veo-3.1-lite' }] });

    const plan = (await agent.call('plan', { manifest })).data;
    expect(plan).toMatchObject({
      takes: 3,
      total_usd: { max_usd: 0.24, unpriced: 0 },
      after_picks_usd: { max_usd: 0.12 },
      rows: [
        { action: 'render', reasons: ['new'], each_usd: [0.12, 0.12, 0.12], takes: ['kite@1', 'kite@2'] },
        { action: 'render', blocked_by: 'kite', waits_for_pick: true, takes: ['beach'] },
      ],
    });
    const told: string[] = [];
    const first = await agent.call(
      'run',
      { manifest, plan_hash: plan['plan_hash'], max_usd: 1 },
      { onProgress: (message) => told.push(message) },
    );
    expect(first.data).toMatchObject({
      outcome: 'finished',
      counts: { delivered: 2 },
      stopped: { kind: 'approval', to_pick: ['kite@1', 'kite@2'] },
    });
    expect(told.sort()).toEqual(expect.arrayContaining(['kite@1: delivered', 'kite@2: delivered']));

    const look = await agent.call('look', { manifest, takes: ['kite'] });
    expect(look.data['takes']).toMatchObject([{ take: 'kite@1' }, { take: 'kite@2' }]);
    expect(look.pictures).toHaveLength(2);
    for (const picture of look.pictures) {
      expect(picture.subarray(0, 2).toString('hex')).toBe('ffd8');
      expect(picture.length).toBeLessThan(60_000);
    }
    expect(look.pictures[0]?.equals(look.pictures[1] ?? Buffer.alloc(0))).toBe(false);

    expect((await agent.call('pick', { manifest, takes: ['kite@2'] })).data).toMatchObject({
      picks: { kite: 2 },
      unblocks: ['beach'],
      cost_usd: { max_usd: 0.12 },
    });
    const next = (await agent.call('plan', { manifest })).data;
    const second = await agent.call('run', { manifest, plan_hash: next['plan_hash'], max_usd: 0.12 });
    expect(second.data).toMatchObject({ outcome: 'finished', exit_code: 0, counts: { delivered: 3 } });
    expect((await agent.call('status', { manifest })).data).toMatchObject({
      running: false,
      delivered: '3 of 3',
      states: [
        { state: 'delivered', takes: ['kite@1', 'beach'] },
        { state: 'delivered', picked: true, takes: ['kite@2'] },
      ],
    });
  });

  it('changes a value of a manifest, and is asked where', async () => {
    const agent = await startAgent(await newRoot());
    const manifest = 'kites.yaml';
    await agent.call('create', { manifest, text: FILM });
    const about = { manifest, shot: 'beach', field: 'duration' };
    const { version, ...found } = (await agent.call('value', about)).data;
    expect(found).toMatchObject({ value: 4, origin: 'defaults', choices: ['there', 'here'] });
    expect((await agent.call('edit', { ...about, value: 8 })).data).toMatchObject({
      written: false,
      choices: ['there', 'here'],
    });
    expect((await agent.call('edit', { ...about, value: 7, where: 'here' })).data).toMatchObject({
      written: false,
      diagnostics: [{ code: 'duration-unsupported' }],
    });
    const edit = { ...about, value: 8, where: 'here', version };
    expect((await agent.call('edit', { ...edit, dry_run: true })).data).toMatchObject({ written: false });
    expect((await agent.call('edit', edit)).data).toMatchObject({ written: true, changes: ['beach'] });
    expect((await agent.call('edit', edit)).data).toMatchObject({ error: { code: 'manifest-changed' } });
    expect((await agent.call('value', about)).data).toMatchObject({ value: 8, origin: 'shot' });
  });
});
