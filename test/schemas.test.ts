import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { format, resolveConfig } from 'prettier';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../src/domain/report.js';
import { lockfileSchema } from '../src/store/lockfile-schema.js';
import { standIn } from './composition/films.js';
import { cli, writeManifest } from './helpers/cli.js';
import { orderedClip } from './helpers/clips.js';
import { useGateway } from './helpers/gateway.js';
import { makeProject } from './helpers/project.js';

const fileOf = (name: string) => resolve(import.meta.dirname, `../schemas/${name}.schema.json`);

// UPDATE_SCHEMAS=1 npx vitest run test/schemas.test.ts writes the file anew.
it('the published schema of a lockfile is the one that it is checked with', async () => {
  const file = fileOf('lockfile');
  const text = await format(JSON.stringify(lockfileSchema), {
    ...(await resolveConfig(file)),
    filepath: file,
  });
  if (process.env['UPDATE_SCHEMAS']) writeFileSync(file, text);
  expect(readFileSync(file, 'utf8')).toBe(text);
});

function schema(name: string): ValidateFunction {
  const text = readFileSync(fileOf(name), 'utf8');
  return new Ajv2020({ allErrors: true, strict: false }).compile(JSON.parse(text) as object);
}

function faults(validate: ValidateFunction, data: unknown): unknown[] {
  // What a reader gets has been through JSON.
  return validate(JSON.parse(JSON.stringify(data))) ? [] : [{ data, errors: validate.errors }];
}

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip, { cost: 0.12 }));

const SHOTS = `
  - { id: sea, prompt: waves, takes: 2 }
  - { id: hill, prompt: grass, duration: 6, model: bytedance/seedance-2.0-fast, generate_audio: null }
  - { id: last, prompt: dusk }`;

describe('what the program writes fits the schema it publishes', () => {
  it('for plans, new and after a run that went half well', async () => {
    const validate = schema('plan');
    const settings = { baseUrl: server.baseUrl, top: 'budget_usd: 9', env: await standIn() };
    const film = await makeProject(settings, SHOTS);
    expect(faults(validate, await film.plan())).toEqual([]);
    server.failNext('reset');
    server.failNext(400);
    await film.run();
    await film.write('  - { id: sea, prompt: calm, takes: 2 }\n  - { id: hill, prompt: grass }');
    const plan = await film.plan();
    expect(new Set(plan.shots.map(({ action }) => action)).size).toBeGreaterThan(1);
    expect(faults(validate, plan)).toEqual([]);
    await film.write(
      '  - { id: new, prompt: n, takes: 2 }\n  - { id: next, prompt: h, first_frame: { from: new } }',
    );
    const waiting = await film.plan({ approve: true });
    expect(waiting).toHaveProperty('after_picks');
    expect(faults(validate, waiting)).toEqual([]);
  });

  it('for report.json and the status: new, half well, out of date, blocked and in flight', async () => {
    const validate = schema('report');
    const settings = { baseUrl: server.baseUrl, top: 'budget_usd: 9', env: await standIn() };
    const film = await makeProject(settings, SHOTS);
    const report = async () => {
      const { stdout } = await cli(['status', film.manifest, '--format', 'json'], { env: settings.env });
      const status = JSON.parse(stdout) as Report;
      expect(faults(validate, status)).toEqual([]);
      return status.takes.map(({ state, earlier }) => (earlier ? `${state}, earlier` : state));
    };
    expect(new Set(await report())).toEqual(new Set(['missing']));
    server.failNext('reset');
    server.failNext(400);
    await film.run();
    expect(new Set(await report())).toEqual(new Set(['delivered', 'uncertain', 'refused']));
    expect(faults(validate, JSON.parse(await film.read('renders/film/report.json')))).toEqual([]);
    await film.write(`
  - { id: last, prompt: dawn, tags: [end], takes: 2 }
  - id: next
    prompt: a {{light}} hill
    first_frame: { from: last }
    matrix: { light: [red, blue], seed: [1] }
  - { id: new, prompt: wind }`);
    const controller = new AbortController();
    server.onRequest(({ endpoint }) => {
      if (endpoint === 'poll') controller.abort();
    });
    await film.run({ only: ['new'], signal: controller.signal });
    server.onRequest(() => undefined);
    expect(await report()).toEqual(['missing, earlier', 'missing', 'missing', 'missing', 'pending']);
    await film.run({ approve: true });
    expect(faults(validate, JSON.parse(await film.read('renders/film/report.json')))).toEqual([]);
    expect(await report()).toEqual(['delivered', 'delivered', 'missing', 'missing', 'delivered']);
  });

  it('for errors, of a manifest and of any other kind', async () => {
    const validate = schema('error');
    const { manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves, duration: 5 }');
    for (const [path, found] of [
      [manifest, 1],
      ['nope.yaml', 1],
      [dirname(manifest), 1],
    ] as const) {
      const { stdout } = await cli(['plan', path, '--format', 'json']);
      const document = JSON.parse(stdout) as { readonly diagnostics: readonly unknown[] };
      expect(faults(validate, document)).toEqual([]);
      expect(document.diagnostics).toHaveLength(found);
    }
  });

  it('for every event of a run and its account', async () => {
    const validate = schema('event');
    const film = await makeProject({ baseUrl: server.baseUrl }, SHOTS);
    server.failNext(429);
    server.failNext('reset');
    server.failNext(500, { on: 'poll' });
    const first = await film.run();
    const second = await film.run({ rerender: ['last'] });
    const events = [...first.events, ...second.events];
    expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThan(8);
    expect(events.flatMap((event) => faults(validate, event))).toEqual([]);
    expect(first.events[0]).toMatchObject({ type: 'run.started', format: 1 });
    expect(first.events.at(-1)).toMatchObject({ type: 'run.finished' });
  });
});
