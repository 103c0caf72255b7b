import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { Darkroom } from '../../src/sandbox/darkroom.js';
import type { ClipSettings } from '../../src/sandbox/job.js';
import { builtCli, builtSources } from '../helpers/built-cli.js';
import { ORDER, temporaryFolder, type JobAnswer } from './sandbox-client.js';

const source = await builtSources();

/** The sandbox in a process of its own. */
async function spawnSandbox(
  stateDir: string,
): Promise<{ readonly child: ChildProcess; readonly baseUrl: string }> {
  const server = pathToFileURL(join(source, 'sandbox', 'server.js')).href;
  const script = `
    const { startSandbox } = await import(${JSON.stringify(server)});
    const { baseUrl } = await startSandbox({ stateDir: ${JSON.stringify(stateDir)}, speed: 50 });
    console.log(baseUrl);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, baseUrl: line.toString().trim() };
}

it('loses no job whose submit was answered, however suddenly its process dies', async () => {
  const stateDir = await temporaryFolder();
  const headers = { authorization: 'Bearer any' };
  const ids: string[] = [];
  for (let round = 0; round < 2; round++) {
    const { child, baseUrl } = await spawnSandbox(stateDir);
    const died = once(child, 'exit');
    const submits = Array.from({ length: 5 }, async (_, seed) => {
      const body = JSON.stringify({ ...ORDER, seed });
      const response = await fetch(`${baseUrl}/videos`, { method: 'POST', headers, body });
      // The first answer that comes back is the death of the process.
      child.kill('SIGKILL');
      ids.push(((await response.json()) as JobAnswer).id);
    });
    await Promise.allSettled(submits);
    await died;
  }
  expect(ids.length).toBeGreaterThanOrEqual(2);

  const { baseUrl } = await spawnSandbox(stateDir);
  for (const id of ids) {
    const response = await fetch(`${baseUrl}/videos/${id}`, { headers });
    expect(await response.json()).toMatchObject({ id, status: 'completed' });
  }
  const clip = await fetch(`${baseUrl}/videos/${ids[0] ?? ''}/content`, { headers });
  expect(Buffer.from(await clip.arrayBuffer()).toString('latin1', 4, 8)).toBe('ftyp');
});

const SETTINGS: ClipSettings = {
  model: 'google/veo-3.1',
  prompt: 'A ferry leaves',
  width: 640,
  height: 360,
  seconds: 2,
  audio: true,
  seed: 1,
  first_frame: null,
  last_frame: null,
  references: [],
};
const clipTask = (index: number) => ({
  kind: 'clip' as const,
  job: 'job-1',
  index,
  settings: SETTINGS,
  imagePaths: {},
});

async function openDarkroom(): Promise<Darkroom> {
  const file = pathToFileURL(join(source, 'sandbox', 'darkroom.js')).href;
  const module = (await import(file)) as { openDarkroom: () => Darkroom };
  return module.openDarkroom();
}

it('makes clips beside the main thread, which goes on meanwhile', async () => {
  const darkroom = await openDarkroom();
  onTestFinished(() => darkroom.close());
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 1);
  const clips = await Promise.all([0, 1, 2, 3].map((index) => darkroom.run(clipTask(index))));
  clearInterval(turning);
  expect(clips.map((clip) => Buffer.from(clip).toString('latin1', 4, 8))).toEqual(Array(4).fill('ftyp'));
  expect(turns).toBeGreaterThan(10);
});

it("says in a task's own words why it failed, and goes on with the next", async () => {
  const darkroom = await openDarkroom();
  onTestFinished(() => darkroom.close());
  await expect(darkroom.run({ kind: 'check', image: Buffer.from('no image') })).rejects.toThrow(
    'it is not an image',
  );
  const still = await darkroom.run({ kind: 'still', name: 'dawn', type: 'image/jpeg' });
  await expect(darkroom.run({ kind: 'check', image: still })).resolves.toBeTruthy();
});

it('drops what it is at when it is closed, and takes nothing more', async () => {
  const darkroom = await openDarkroom();
  const outcomes = [0, 1, 2].map((index) => darkroom.run(clipTask(index)));
  const settled = Promise.allSettled(outcomes);
  await darkroom.close();
  for (const outcome of await settled) expect(outcome).toMatchObject({ status: 'rejected' });
  await expect(darkroom.run(clipTask(0))).rejects.toThrow('closed');
});

describe('a process with a sandbox in it that dies of an error', () => {
  it('has the handlers it had before, whatever the sandbox has loaded, and prints no source but its own', async () => {
    const url = (name: string) => JSON.stringify(pathToFileURL(join(source, 'sandbox', name)).href);
    const script = `
      const listeners = () => ['uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name));
      const { startSandbox } = await import(${url('server.js')});
      const { performTask } = await import(${url('darkroom-task.js')});
      await startSandbox({ stateDir: ${JSON.stringify(await temporaryFolder())} });
      await performTask(${JSON.stringify(clipTask(0))});
      console.log(JSON.stringify(listeners()));
      throw new Error('mishap');
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    expect(JSON.parse(stdout)).toEqual([0, 0]);
    expect(stderr).toContain('Error: mishap');
    expect(stderr.length).toBeLessThan(1000);
  });

  it('says so in the words of the command', async () => {
    const mishap = `process.once('SIGUSR2', () => { throw new Error('mishap'); });`;
    const words = ['sandbox', '--port', '0', '--state', await temporaryFolder()];
    const preload = ['--import', `data:text/javascript,${encodeURIComponent(mishap)}`];
    const child = spawn(process.execPath, [...preload, await builtCli(), ...words]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const said = textOf(child.stderr);
    await once(child.stdout, 'data');
    child.kill('SIGUSR2');
    expect((await once(child, 'exit'))[0]).toBe(1);
    expect(await said).toContain('mishap');
    expect((await said).length).toBeLessThan(2000);
  });
});

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const piece of stream) text += String(piece);
  return text;
}
