import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { startGatewayServer, type GatewayServer } from '../helpers/gateway-server.js';
import { makeProject } from '../helpers/project.js';

let server: GatewayServer;
let clip: Buffer;

beforeEach(async () => {
  server = await startGatewayServer();
  clip = await makeClip({ width: 1280, height: 720, seconds: 4, fps: 4 });
});
afterEach(async () => {
  expect(server.violations).toEqual([]);
  await server.close();
});

const SEA = '  - { id: sea, prompt: waves }';
const HILL = '  - { id: hill, prompt: grass }';

const project = (shots: string, top = '') =>
  makeProject({ baseUrl: server.baseUrl, top, clock: fastClock(200) }, shots);

describe('what a shot has cost in a run', () => {
  it('has all that the run bought for it, failed jobs too', async () => {
    const film = await project(SEA, 'retries: 1');
    const running = film.run();
    (await server.nextJob()).fail('too dark', { cost: 0.05 });
    (await server.nextJob()).complete(clip, { cost: 0.12 });
    const summary = await running;
    expect(summary).toMatchObject({ cost_usd: 0.17, shots: [{ outcome: 'delivered', cost_usd: 0.17 }] });
    expect(summary.events.filter(({ type }) => type === 'shot.not_delivered')).toMatchObject([
      { will_retry: true, cost_usd: 0.05 },
    ]);
  });

  it('has nothing of what earlier runs have bought', async () => {
    server.autoComplete(clip, { cost: 0.12 });
    const film = await project(SEA);
    await film.run();
    server.failNext(400);
    await film.write(`${SEA}\n${HILL}`);
    const summary = await film.run();
    expect(summary).toMatchObject({ cost_usd: 0, shots: [{ outcome: 'delivered' }, { outcome: 'refused' }] });
    for (const shot of summary.shots) expect(shot).not.toHaveProperty('cost_usd');
  });
});
