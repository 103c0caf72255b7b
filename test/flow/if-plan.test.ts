import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { PlanChangedError } from '../../src/errors.js';
import { catalogueBody } from '../../src/sandbox/models.js';
import { cli } from '../helpers/cli.js';
import { orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

/** The gateway's answer, whose prices a test may raise. */
const models = JSON.parse(String(catalogueBody())) as {
  readonly data: { readonly id: string; pricing_skus: Record<string, string> }[];
};
const server = useGateway({ models });
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip));

const SEA = '  - { id: sea, prompt: waves }';
const SKY = '  - { id: sky, prompt: clouds }';
const FLIGHT = '  - { id: flight, prompt: birds, first_frame: { from: sky } }';
const project = (shots: string) =>
  makeProject({ baseUrl: server.baseUrl, env: { PATH: process.env['PATH'] } }, shots);
const hashOf = async (film: Awaited<ReturnType<typeof project>>) => (await film.plan()).plan_hash;

/** The same model at twice the price, for one test. */
async function atTwicePrice<T>(work: () => Promise<T>): Promise<T> {
  const model = models.data.find(({ id }) => id === 'google/veo-3.1-lite');
  if (!model) throw new Error('no such model');
  const before = model.pricing_skus;
  model.pricing_skus = Object.fromEntries(
    Object.entries(before).map(([key, price]) => [key, String(Number(price) * 2)]),
  );
  return work().finally(() => (model.pricing_skus = before));
}

describe('the hash of a plan', () => {
  it('stays while the purchases and their prices are the same', async () => {
    const film = await project([SEA, SKY, FLIGHT].join('\n'));
    const hash = await hashOf(film);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(await hashOf(film)).toBe(hash);
    await film.write([SKY, SEA.replace('id: sea', 'id: ocean'), FLIGHT].join('\n'));
    expect(await hashOf(film)).toBe(hash);
  });

  it('changes with what is bought: a prompt, a shot, a take, a source, a local file, a price', async () => {
    const film = await project([SEA, SKY, FLIGHT].join('\n'));
    const hashes = [await hashOf(film)];
    for (const shots of [
      [SEA.replace('waves', 'calm water'), SKY, FLIGHT],
      [SEA, SKY],
      [SEA, SKY.replace('clouds', 'clouds, takes: 2'), FLIGHT],
      [SEA, SKY, FLIGHT.replace('from: sky', 'from: sea')],
    ]) {
      await film.write(shots.join('\n'));
      hashes.push(await hashOf(film));
    }
    hashes.push(await atTwicePrice(() => hashOf(film)));
    // The picture goes in beside a frame that is not there yet.
    await film.write([SKY, FLIGHT.replace(' } }', ' }, last_frame: end.png }')].join('\n'));
    const picture = join(film.folder, 'end.png');
    for (const pixel of [PNG, OTHER_PNG]) {
      await writeFile(picture, Buffer.from(pixel, 'base64'));
      hashes.push(await hashOf(film));
    }
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('is another once something is bought, or is to be bought again', async () => {
    const film = await project(SEA);
    const hash = await hashOf(film);
    await film.run({ ifPlan: hash });
    const nothing = await hashOf(film);
    const again = (await film.plan({ rerender: ['sea'] })).plan_hash;
    expect(new Set([hash, nothing, again]).size).toBe(3);
    await film.run({ ifPlan: again, rerender: ['sea'] });
    expect(server.jobs).toHaveLength(2);
  });
});

describe('a run of a plan that was agreed on', () => {
  it('buys nothing if the price has changed, and gives the new plan', async () => {
    const film = await project(SEA);
    const { plan_hash: ifPlan, total } = await film.plan();
    const error = await atTwicePrice(() => film.run({ ifPlan }).catch((reason: unknown) => reason));
    expect(error).toBeInstanceOf(PlanChangedError);
    expect(error).toMatchObject({
      code: 'plan-changed',
      exitCode: 3,
      plan: { total: { max_usd: total.max_usd * 2 }, plan_hash: expect.not.stringMatching(ifPlan) as string },
    });
    expect(server.jobs).toHaveLength(0);
    expect(await film.run({ ifPlan })).toMatchObject({ exit_code: 0 });
    expect(server.jobs).toHaveLength(1);
  });

  it('needs no other leave on the command line, and says the new plan there', async () => {
    const film = await project(SEA);
    const env = { TEST_KEY: 'sk-test-0123456789', DAILIES_YES: '' };
    const { stdout } = await cli(['plan', film.manifest, '--format', 'json'], { env });
    const { plan_hash: hash } = JSON.parse(stdout) as { readonly plan_hash: string };
    await film.write(`${SEA}\n${SKY}`);

    const run = ['run', film.manifest, '--if-plan', hash];
    const text = await cli(run, { env });
    expect(text).toMatchObject({ exitCode: 3, stdout: '' });
    expect(text.stderr).toMatch(/\+ sky .*new/);
    expect(text.stderr).toContain(`the plan has changed: ${hash} was agreed on, and now it is`);
    const json = await cli([...run, '--format', 'json'], { env });
    const answer = JSON.parse(json.stdout) as { readonly plan: { readonly plan_hash: string } };
    expect(answer).toMatchObject({
      error: { code: 'plan-changed', exit_code: 3 },
      plan: { shots: [{}, {}] },
    });
    const dry = await cli([...run, '--dry-run', '--format', 'json'], { env });
    expect(dry.exitCode).toBe(3);
    expect(JSON.parse(dry.stdout)).toMatchObject({ plan_hash: answer.plan.plan_hash });
    expect(server.jobs).toHaveLength(0);

    const agreed = ['run', film.manifest, '--if-plan', answer.plan.plan_hash];
    expect(await cli(agreed, { env })).toMatchObject({ exitCode: 0 });
    expect(server.jobs).toHaveLength(2);
  });
});

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const OTHER_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
