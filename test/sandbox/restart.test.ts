import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { startSandbox } from '../../src/sandbox/server.js';
import { DAY_MS } from '../helpers/clock.js';
import { heldClock, LONG_MS, ORDER, temporaryFolder, visit } from './sandbox-client.js';

it('has a job on disk before anybody hears of it', async () => {
  const { submit, stateDir } = await visit();
  const { body } = await submit(ORDER);
  expect(await readdir(join(stateDir, 'jobs'))).toEqual([`${body.id}.json`]);
});

it('leaves no trace where nothing was submitted', async () => {
  const { ask, stateDir } = await visit();
  await ask('/videos/models');
  await ask('/key');
  expect(await readdir(stateDir)).toEqual([]);
});

it('goes on with its jobs after a restart, on another port, as if it had never been away', async () => {
  const clock = heldClock();
  const stateDir = await temporaryFolder();
  const first = await visit({ clock, stateDir });
  const { body } = await first.submit(ORDER);
  const done = await first.finished({ ...ORDER, prompt: 'Another' });
  const clip = await (await first.ask(`/videos/${done}/content`)).arrayBuffer();
  await first.sandbox.close();
  await expect(first.ask(`/videos/${body.id}`)).rejects.toThrow();

  const second = await visit({ clock, stateDir });
  const job = await second.poll(body.id);
  expect(job).toMatchObject({ status: 'completed', polling_url: body.polling_url });
  expect(job.unsigned_urls?.[0]).toMatch(second.sandbox.baseUrl);
  const again = await (await second.ask(`/videos/${done}/content`)).arrayBuffer();
  expect(Buffer.from(again).equals(Buffer.from(clip))).toBe(true);
});

it('goes on with its jobs when the clock is set back, before and after a restart', async () => {
  const clock = heldClock();
  const stateDir = await temporaryFolder();
  const first = await visit({ clock, stateDir });
  const { body } = await first.submit(ORDER);
  clock.set(-DAY_MS);
  clock.pass(LONG_MS);
  expect(await first.poll(body.id)).toMatchObject({ status: 'completed' });
  await first.sandbox.close();
  const second = await visit({ clock, stateDir });
  await second.poll(body.id);
  clock.pass(LONG_MS);
  expect(await second.poll(body.id)).toMatchObject({ status: 'completed' });
});

it('makes a clip anew that was lost from its folder, and passes over files of others', async () => {
  const { finished, ask, stateDir } = await visit();
  const id = await finished(ORDER);
  expect((await ask(`/videos/${id}/content`)).status).toBe(200);
  await rm(join(stateDir, 'clips'), { recursive: true });
  await writeFile(join(stateDir, 'jobs', 'notes.txt'), 'not a job');
  expect((await ask(`/videos/${id}/content`)).status).toBe(200);
  expect((await ask('/key')).status).toBe(200);
});

it('takes the port it is told, and says when it cannot have it', async () => {
  const { sandbox } = await visit();
  const port = Number(new URL(sandbox.baseUrl).port);
  const taken = startSandbox({ stateDir: await temporaryFolder(), port });
  await expect(taken).rejects.toMatchObject({ code: 'usage', exitCode: 2 });
  await sandbox.close();
  const second = await startSandbox({ stateDir: await temporaryFolder(), port });
  expect(second.baseUrl).toBe(`http://127.0.0.1:${port}/api/v1`);
  await second.close();
});
