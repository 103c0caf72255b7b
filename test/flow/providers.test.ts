import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../../src/domain/report.js';
import { sheetTake } from '../../src/sheet/sheet-data.js';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip, { cost: 0.12 }));

const project = (fields: string) =>
  makeProject(
    { baseUrl: server.baseUrl, clock: fastClock(200) },
    `  - { id: sea, prompt: waves, ${fields} }`,
  );

describe('who may serve a request', () => {
  const fields =
    'provider: { only: [acme], order: [acme, emca], zdr: true }, trace: { trace_id: "spot-{{n}}" }, vars: { n: 7 }';
  const wish = {
    provider: { only: ['acme'], order: ['acme', 'emca'], zdr: true },
    trace: { trace_id: 'spot-7' },
  };

  it('is sent as written, recorded and reported', async () => {
    const film = await project(fields);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(server.submits).toMatchObject([wish]);
    expect(await film.lockfile()).toMatchObject({
      shots: { sea: { takes: { 1: { attempts: [{ request: wish }] } } } },
    });
    const report: unknown = JSON.parse(await film.read('renders/film/report.json'));
    expect(report).toMatchObject({ takes: [{ settings: wish }] });
  });

  it('is warned of where we do not know the word, and not refused', async () => {
    const film = await project('provider: { onyl: [acme] }');
    const { diagnostics } = await film.plan();
    expect(diagnostics).toMatchObject([
      {
        code: 'unknown-key',
        severity: 'warning',
        message: 'provider has no field "onyl" that we know; did you mean only?',
      },
    ]);
  });

  it('is compared by two shots of a matrix, which are both bought', async () => {
    const film = await project('matrix: { provider: [{ only: [acme] }, { only: [emca] }] }');
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 2, delivered: 2 } });
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0, delivered: 2 } });
    expect(server.counters.posts).toBe(2);
  });
});

describe('who has served a request', () => {
  const told = { generation_id: 'gen-job-1', served_by: 'Acme' };

  it('is recorded with the job, in both records of the purchase, and reported', async () => {
    server.autoComplete(clip, { cost: 0.12, answer: { provider: 'Acme' } });
    const film = await project('seed: 1');
    await film.run();
    const state = { kind: 'delivered', job: { id: 'job-1', ...told } };
    expect(await film.lockfile()).toMatchObject({
      shots: { sea: { takes: { 1: { attempts: [{ state }] } } } },
    });
    const report = JSON.parse(await film.read('renders/film/report.json')) as Report;
    expect(report).toMatchObject({ takes: [{ job_id: 'job-1', ...told }] });
    expect(report.takes.map((take) => sheetTake(take))).toMatchObject([
      { generation: 'gen-job-1', servedBy: 'Acme' },
    ]);
    await rm(join(film.folder, 'film.lock.json'));
    await film.run();
    expect(await film.lockfile()).toMatchObject({
      shots: { sea: { takes: { 1: { attempts: [{ state }] } } } },
    });
    expect(server.counters.posts).toBe(1);
  });
});
