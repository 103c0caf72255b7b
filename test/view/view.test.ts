import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findState } from '../../src/flow/batch/state.js';
import { readNotes } from '../../src/flow/commands/notes.js';
import { pickTakes } from '../../src/flow/commands/pick.js';
import { standIn } from '../composition/films.js';
import { makeClip, orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';
import { isWithoutBrowser, look, useBrowser, view } from './pages.js';

const server = useGateway();
const clip = await orderedClip();
const SHOTS = '  - { id: sea, prompt: waves }\n  - { id: sky, prompt: clouds }';
const film = (shots = SHOTS, top = '', env = {}) => makeProject({ baseUrl: server.baseUrl, top, env }, shots);

const card = (page: Page, key: string) => page.locator(`.card[data-key="${key}"]`);
const bar = (page: Page) => page.getByRole('region', { name: 'The run' });

/** A busy machine takes its time. */
const eventually = <T>(get: () => T) => expect.poll(get, { timeout: 20_000 });

/** Starts a run as a person does: looks at the plan, and presses the button with the price. */
async function spend(page: Page, words: string): Promise<void> {
  await page.keyboard.press('r');
  await page.getByRole('button', { name: words }).click();
}

async function picksOf(project: Awaited<ReturnType<typeof film>>) {
  const { state } = await findState(await project.load());
  return Object.fromEntries(Object.entries(state.picks()).map(([shot, { take }]) => [shot, take]));
}

describe.skipIf(isWithoutBrowser)('the live page', { timeout: 90_000 }, () => {
  const browser = useBrowser();

  it('shows a run from its start to its end, over a reload in the middle', async () => {
    const project = await film(SHOTS, 'budget_usd: 5');
    const { page, complaints } = await look(await browser.context(), await view(project));
    await eventually(() => bar(page).innerText()).toContain('0 of 2 delivered');
    // A key that has another meaning in a field starts nothing there.
    await page.getByRole('searchbox').fill('r');
    await page.keyboard.press('Enter');
    for (const key of ['Escape', 'Escape']) await page.keyboard.press(key);
    expect(await page.getByRole('dialog').count()).toBe(0);
    await spend(page, 'Spend up to $0.24');
    const [sea, sky] = [await server.nextJob(), await server.nextJob()];
    sea.status('in_progress');
    await card(page, 'sea').getByText('rendering', { exact: true }).waitFor();
    await eventually(() => bar(page).innerText()).toContain('$0.24 committed of $5.00');
    await page.keyboard.press('r');
    await page.getByText('A run is on: the next one can begin when it has ended').waitFor();
    await page.reload();
    await card(page, 'sea').getByText('rendering', { exact: true }).waitFor();

    sea.complete(clip, { cost: 0.11 });
    const playable = 'document.querySelector(".card[data-key=sea] video")?.readyState >= 2';
    await eventually(() => page.evaluate(playable)).toBe(true);
    expect(await card(page, 'sea').innerText()).toContain('$0.11');
    sky.fail('Content policy violation', { cost: 0 });
    await card(page, 'sky').getByText('Content policy violation').waitFor();
    await card(page, 'sky').getByText('change the prompt first').waitFor();
    await bar(page).getByText('1 of 2 delivered; 1 not').waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows a run that somebody else has begun, and which take is which', async () => {
    const project = await film('  - { id: sea, prompt: waves, takes: 2 }');
    const { page } = await look(await browser.context(), await view(project));
    const running = project.run();
    const [one, other] = [await server.nextJob(), await server.nextJob()];
    await bar(page).getByText('2 in flight').waitFor();
    await card(page, 'sea@1').getByText('take 1/2').waitFor();
    one.complete(clip);
    await page.locator('.card.delivered').getByText('delivered').waitFor();
    await bar(page).getByText('1 of 2 delivered').waitFor();
    other.complete(clip);
    await running;
    await eventually(() => bar(page).innerText()).toContain('2 of 2 delivered');
  });

  it('picks at a gate, says what that unblocks for how much, and continues when that is confirmed', async () => {
    server.autoComplete(clip);
    const shots = '  - { id: a, prompt: A, takes: 2 }\n  - { id: b, prompt: B, first_frame: { from: a } }';
    const env = await standIn();
    const project = await film(shots, 'approve: true', env);
    await project.run();
    const { page } = await look(await browser.context(), await view(project, env));
    await page.getByRole('button', { name: 'Pick a, take 1 of 2' }).click();
    await page.getByText('It unblocks b@1: up to $0.12').waitFor();
    await page.keyboard.press('u');
    await eventually(() => picksOf(project)).toEqual({});
    await page.getByRole('button', { name: 'Pick a, take 2 of 2' }).click();
    await page.getByText('a@2 is picked. It unblocks b@1').waitFor();
    expect(await picksOf(project)).toEqual({ a: 2 });
    expect(server.submits).toHaveLength(2);
    await page.getByRole('button', { name: 'Continue…' }).click();
    await page.getByRole('button', { name: 'Spend up to $0.12' }).click();
    await eventually(() => bar(page).innerText()).toContain('3 of 3 delivered');
  });

  it('settles a held submit in each way that resolve has', async () => {
    server.autoComplete(clip);
    server.failNext('reset', { times: 2 });
    const project = await film();
    await project.run();
    const { page } = await look(await browser.context(), await view(project));
    await card(page, 'sea').getByRole('button', { name: 'Settle…' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.innerText()).toContain('waves');
    await dialog.getByText('in all, now').or(dialog.getByText('reports nothing')).waitFor();
    await dialog.getByLabel('Job id').fill('vid_nobody');
    await dialog.getByRole('button', { name: 'It is this job' }).click();
    await dialog.getByText('the gateway knows no job vid_nobody').waitFor();
    await dialog.getByRole('button', { name: 'Not charged' }).click();
    await card(page, 'sea').getByText('Settled by hand: it was not charged.').waitFor();
    await card(page, 'sky').getByRole('button', { name: 'Settle…' }).click();
    await dialog.getByRole('button', { name: 'Give it up' }).click();
    await card(page, 'sky').getByText('Given up by hand.').waitFor();
  });

  it('changes a prompt with its mistakes and its price in view, and never over a newer manifest', async () => {
    server.autoComplete(clip);
    const project = await film();
    await project.run();
    const text = await readFile(project.manifest, 'utf8');
    const { page } = await look(await browser.context(), await view(project));
    const open = async () => {
      await card(page, 'sea').getByRole('button', { name: 'Change…' }).click();
      await eventually(() => page.getByLabel('Value').inputValue()).not.toBe('');
    };
    await open();
    await page.getByLabel('Setting').selectOption('duration');
    await page.getByText('It comes from the defaults').waitFor();
    await page.getByLabel('Value').fill('5');
    await page.getByText('makes clips of 4, 6 or 8 s').waitFor();
    expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true);

    await page.getByLabel('Setting').selectOption('prompt');
    await eventually(() => page.getByLabel('Value').inputValue()).toBe('waves');
    await page.getByLabel('Value').fill('waves at night');
    await page.getByText('1 take would change: sea. A run would then cost up to $0.12').waitFor();
    expect(await readFile(project.manifest, 'utf8')).toBe(text);
    await project.write('  - { id: sea, prompt: calm }\n  - { id: sky, prompt: clouds }');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('has changed since it was read').waitFor();
    expect(await readFile(project.manifest, 'utf8')).toContain('prompt: calm');

    await page.getByRole('button', { name: 'Read it again' }).click();
    await eventually(() => page.getByLabel('Value').inputValue()).toBe('calm');
    await page.getByLabel('Value').fill('waves at dawn');
    await page.getByText('1 take would change').waitFor();
    await page.getByRole('button', { name: 'Save and run…' }).click();
    await page.getByRole('button', { name: 'Spend up to $0.12' }).click();
    await eventually(() => server.submits.at(-1)?.['prompt']).toBe('waves at dawn');
    await eventually(() => card(page, 'sea').locator('.prompt').textContent()).toBe('waves at dawn');
  });

  it('buys only the plan that was confirmed', async () => {
    const project = await film();
    const { page } = await look(await browser.context(), await view(project));
    await page.keyboard.press('r');
    const agree = page.getByRole('button', { name: 'Spend up to $0.24' });
    await agree.waitFor();
    await project.write(`${SHOTS}\n  - { id: hill, prompt: grass }`);
    await agree.click();
    await page.getByRole('dialog').getByText('the plan has changed').waitFor();
    await page.getByRole('button', { name: 'Spend up to $0.36' }).waitFor();
    expect(server.submits).toEqual([]);
  });

  it('stops as Ctrl-C does, and goes on with the same jobs', async () => {
    const project = await film();
    const { page } = await look(await browser.context(), await view(project));
    await spend(page, 'Spend up to $0.24');
    const jobs = [await server.nextJob(), await server.nextJob()];
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await eventually(() => bar(page).innerText()).toContain('No run is on');
    for (const job of jobs) job.complete(clip);
    await spend(page, 'Fetch what is paid for');
    await eventually(() => bar(page).innerText()).toContain('2 of 2 delivered');
    expect(server.submits).toHaveLength(2);
  });

  it('agrees with a second page, and with the command line', async () => {
    server.autoComplete(clip);
    const project = await film('  - { id: sea, prompt: waves, takes: 2 }');
    await project.run();
    const served = await view(project);
    const context = await browser.context();
    const [one, two] = [await look(context, served), await look(context, served)];
    const pick = (page: Page, take: number) =>
      page.getByRole('button', { name: `Pick sea, take ${take} of 2` }).getAttribute('aria-pressed');
    await one.page.getByRole('button', { name: 'Pick sea, take 2 of 2' }).click();
    await eventually(() => pick(two.page, 2)).toBe('true');
    await pickTakes(await project.load(), { choices: [{ shot: 'sea', take: 1, source: 'a test' }] });
    for (const { page } of [one, two]) await eventually(() => pick(page, 1)).toBe('true');
  });

  it('neither tells nor does anything for a page from elsewhere, even one that knows its address', async () => {
    server.autoComplete(clip);
    const project = await film();
    const served = await view(project);
    const context = await browser.context();
    const { page: own } = await look(context, served);
    const evil = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<title>evil</title><form method="post" enctype="text/plain"><input name="x"></form>');
    });
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void evil.close(() => resolve())));
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`);
    const heard = await page.evaluate(`(async () => {
      const address = ${JSON.stringify(served.address)};
      const heard = [];
      const hear = (what) => (answer) => heard.push(what + ' ' + answer);
      const tries = [
        fetch(address).then((r) => r.text()).then(hear('read')),
        fetch(address, { mode: 'no-cors' }).then((r) => r.text()).then((text) => text && hear('blind')(text)),
        fetch(address + 'do/plan', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).then((r) => r.text()).then(hear('json')),
        fetch(address + 'do/stop', { method: 'POST', mode: 'no-cors', body: '{}' }).then(() => undefined),
        new Promise((done) => { const s = new EventSource(address + 'events'); s.addEventListener('patch', (e) => { hear('event')(e.data); done(); }); s.onerror = done; }),
        new Promise((done) => { const s = document.createElement('script'); s.src = address; s.onload = () => { hear('script')(''); done(); }; s.onerror = done; document.body.append(s); }),
      ];
      await Promise.allSettled(tries);
      const frame = document.createElement('iframe');
      const loaded = new Promise((done) => { frame.onload = done; });
      frame.src = address;
      document.body.append(frame);
      await loaded;
      try { hear('frame')(frame.contentDocument.title); } catch { }
      return heard;
    })()`);
    expect(heard).toEqual([]);
    // A form of a page elsewhere leads to the refusal, and does nothing.
    await page.evaluate(
      `document.forms[0].action = ${JSON.stringify(`${served.address}do/run`)}; document.forms[0].submit()`,
    );
    await page.getByText('another page sent this request').waitFor();
    // A foreign name that leads to this machine.
    const { port, pathname } = new URL(served.address);
    const status = await new Promise((resolve) => {
      const asked = request({ port, path: pathname, headers: { host: `evil.example:${port}` } });
      asked.on('response', (response) => resolve(response.statusCode)).end();
    });
    expect(status).toBe(403);
    expect(server.requests.filter(({ method }) => method === 'POST')).toEqual([]);
    expect(await own.content()).not.toContain('sk-test');
    await eventually(() => bar(own).innerText()).toContain('No run is on');
  });

  it('steps takes side by side by one frame number, and keeps a note at it', async () => {
    // Each frame says its number by its grey, far from that of its neighbours: an encoder leaves small steps out.
    const grey = (frame: number) => 30 + ((frame * 37) % 48) * 4;
    const numbered = (seconds: number) =>
      makeClip({
        seconds,
        fps: 24,
        seeks: true,
        height: 64,
        color: (frame) => [grey(frame), grey(frame), grey(frame)],
      });
    const clips = [await numbered(2), await numbered(2), await numbered(2.5)];
    server.autoComplete((job) => clips[Number(job.body['seed'])] ?? clip);
    const project = await film('  - { id: sea, prompt: waves, seed: 0, takes: 3 }');
    await project.run();
    const { page } = await look(await browser.context(), await view(project));
    await card(page, 'sea@1').focus();
    await page.keyboard.press('c');
    const frames = () => page.evaluate<number[]>(FRAMES_SHOWN);
    await eventually(async () => (await frames()).every((frame) => frame > 5)).toBe(true);
    await page.keyboard.press(' ');
    const inStep = async () => {
      await eventually(async () => new Set(await frames()).size).toBe(1);
      return (await frames())[0] ?? -1;
    };
    const paused = await inStep();
    for (const key of ['.', '.', '.']) await page.keyboard.press(key);
    await eventually(inStep).toBe(paused + 3);
    await page.keyboard.press(',');
    await eventually(inStep).toBe(paused + 2);

    await page.keyboard.press('n');
    await page.keyboard.type('the gull is late, p');
    await page.keyboard.press('Enter');
    await page.locator('.theatre .notes').getByText('the gull is late, p').waitFor();
    const [note] = await readNotes(await project.load());
    expect(Math.floor((note?.at_seconds ?? 0) * 24)).toBe(paused + 2);
    await page.keyboard.press('Escape');
    await card(page, 'sea@1').getByText('the gull is late').waitFor();
  });

  it('puts a take beside what was made for it before, and says what was asked for otherwise', async () => {
    server.autoComplete((job) => (job.body['prompt'] === 'waves' ? clip : longer));
    const longer = await makeClip({ width: 1280, height: 720, seconds: 4, fps: 1, color: [9, 99, 9] });
    const project = await film('  - { id: sea, prompt: waves }');
    await project.run();
    await project.write('  - { id: sea, prompt: waves at night, seed: 4 }');
    await project.run();
    const { page } = await look(await browser.context(), await view(project));
    await card(page, 'sea').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('b');
    await eventually(() => page.locator('.theatre figure').count()).toBe(2);
    expect(await page.locator('.theatre').innerText()).toMatch(/seed 4[^]*the one before · seed –/);
    expect(await page.locator('.theatre .apart').allInnerTexts()).toEqual(['waves at night', 'waves']);
  });

  it('gives axe nothing serious to report, in light and in dark, and fits a phone', async () => {
    server.autoComplete(clip);
    server.failNext('reset');
    const project = await film();
    await project.run();
    const served = await view(project);
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.context({
        colorScheme,
        reducedMotion: 'reduce',
        viewport: { width: 390, height: 800 },
      });
      const { page } = await look(context, served);
      const check = async (what: string) => {
        expect(await serious(page), `${what}, ${colorScheme}`).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth'), what).toBeLessThanOrEqual(390);
      };
      await page.evaluate(axe.source);
      await check('the sheet');
      await page.keyboard.press('r');
      await page.locator('.sums').waitFor();
      await check('the plan');
      await page.keyboard.press('Escape');
      await card(page, 'sea').getByRole('button', { name: 'Settle…' }).click();
      await page.getByLabel('Job id').waitFor();
      await check('a held submit');
      await page.keyboard.press('Escape');
      await card(page, 'sky').getByRole('button', { name: 'Change…' }).click();
      await page.getByText('It is written on the shot').waitFor();
      await check('an edit');
      await page.keyboard.press('Escape');
      await card(page, 'sky').focus();
      await page.keyboard.press('Enter');
      await page.locator('.theatre').waitFor();
      await check('the screening');
    }
  });
});

/** The number of the frame that each video on the screen shows, by the grey in its middle. */
const FRAMES_SHOWN = `[...document.querySelectorAll('.theatre video')].map((video) => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext('2d');
  pen.drawImage(video, 28, 28, 8, 8, 0, 0, 1, 1);
  return (Math.round((pen.getImageData(0, 0, 1, 1).data[1] - 30) / 4) * 13) % 48;
})`;

async function serious(page: Page): Promise<string[]> {
  const violations = await page.evaluate<axe.Result[]>(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}
