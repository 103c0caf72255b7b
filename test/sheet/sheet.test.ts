import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ReportTake } from '../../src/domain/report.js';
import { makeClip } from '../helpers/clips.js';
import { volume } from '../helpers/long-pass.js';
import { findChromium, startBrowser, type TestBrowser } from './browser.js';
import { sampleOutput, sampleReport, sampleTake } from './sample-report.js';

const executablePath = findChromium();
if (executablePath === undefined) {
  console.warn(
    'No Chromium was found (CHROMIUM_PATH names one): the contact sheet was not tested in a browser.',
  );
}

describe.skipIf(executablePath === undefined)('the contact sheet in Chromium', () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser(executablePath ?? '');
  }, 60_000);
  afterAll(() => browser.close());

  it('plays clips from the disk, whatever their names, and asks nobody else for anything', async () => {
    const path = 'a b/50%/c#1?x.mp4';
    const { page, complaints, strangers } = await browser.open({
      report: sampleReport([delivered({ id: 'one', outputs: [sampleOutput(path)] })]),
      clips: { [path]: await makeClip({ seconds: 2 }) },
    });
    const video = page.locator('.card video');
    await video.waitFor({ state: 'attached' });
    await settled(page, 'document.querySelector(".card video").readyState >= 2');
    expect(await page.evaluate('document.querySelector(".card video").videoWidth')).toBe(64);

    await page.locator('.stage').click();
    await settled(page, 'document.querySelector(".card video").currentTime > 0.3');
    await page.locator('.stage').click();
    expect(await page.evaluate('document.querySelector(".card video").paused')).toBe(true);
    expect(complaints).toEqual([]);
    expect(strangers).toEqual([]);
  });

  it('shows captions in the player, from nothing but the page', async () => {
    const { page, complaints, strangers } = await browser.open({
      report: sampleReport([
        delivered({
          id: 'one',
          outputs: [sampleOutput('one.mp4')],
          captions: { de: 'a <b> & c', fr: 'Bonjour' },
        }),
      ]),
      clips: { 'one.mp4': await makeClip({ seconds: 2 }) },
    });
    await page.locator('.card').waitFor();
    await page.keyboard.press('s');
    await settled(page, 'document.querySelector(".theatre video")?.textTracks[0]?.cues?.length === 1');
    const shown = `[...document.querySelector('.theatre video').textTracks].map(({ language, mode, cues }) =>
      [language, mode, cues?.[0]?.getCueAsHTML().textContent ?? ''])`;
    expect(await page.evaluate(shown)).toEqual([
      ['de', 'showing', 'a <b> & c'],
      ['fr', 'disabled', ''],
    ]);
    expect([...complaints, ...strangers]).toEqual([]);
  });

  it('says so where a clip is gone', async () => {
    const { page } = await browser.open({ report: sampleReport([delivered({ id: 'one' })]) });
    await page.getByText('or the clip is gone').waitFor();
  });

  it('has a card with the reason for whatever was not delivered', async () => {
    const { page } = await browser.open({
      report: sampleReport([
        sampleTake({ id: 'storm', state: 'failed', message: 'Content policy violation' }),
        sampleTake({ id: 'harbor', state: 'uncertain', message: 'the answer was lost' }),
        sampleTake({ id: 'gone', state: 'lost', message: 'the clip is gone' }),
        sampleTake({ id: 'lift', state: 'missing', attempts: 0 }),
        sampleTake({ id: 'hall', state: 'blocked', attempts: 0, message: 'lift was not delivered' }),
      ]),
    });
    const verdicts = await page.locator('.verdict').allInnerTexts();
    expect(verdicts.map((text) => text.replace(/\n+/, ': '))).toEqual([
      'failed: Content policy violation',
      'held: answer lost: the answer was lost',
      'held: clip gone: the clip is gone',
      'not rendered: Not rendered yet.',
      'blocked: lift was not delivered',
    ]);
  });

  it('shows the clip of an edited shot as out of date, with what it was made from and what is asked for now', async () => {
    const earlier = {
      settings: { model: 'google/veo-3.1', prompt: 'A dune' },
      cost_usd: 0.12,
      estimate: null,
      outputs: [sampleOutput('dune.mp4')],
      times: {},
    };
    const settings = { model: 'google/veo-3.1', prompt: 'A dune at night' };
    const { page } = await browser.open({
      report: sampleReport([
        sampleTake({ id: 'dune', state: 'missing', message: 'prompt changed', settings, earlier }),
      ]),
      clips: { 'dune.mp4': await makeClip({}) },
    });
    await settled(page, 'document.querySelector(".card video")?.readyState >= 2');
    expect(await page.locator('.card .prompt').innerText()).toBe('A dune');
    const words = await page.locator('.card').innerText();
    for (const word of ['out of date', '$0.12', 'prompt changed', 'Now: A dune at night'])
      expect(words).toContain(word);
  });

  it('shows prompt, model, settings, seed, cost, state and warnings of a take', async () => {
    const take = delivered({
      id: 'dune',
      cost_usd: 0.12,
      tags: ['night'],
      matrix: { weather: 'rain' },
      settings: { model: 'google/veo-3.1', prompt: 'A dune', duration: 4, resolution: '720p', seed: 41 },
      outputs: [sampleOutput('dune.mp4', { warnings: ['asked for 4 s, the clip is 5.04 s long'] })],
    });
    const { page } = await browser.open({ report: sampleReport([take]) });
    const words = await page.locator('.card').innerText();
    for (const word of ['A dune', 'veo-3.1', '4 s', '720p', 'seed 41', '$0.12', 'delivered', '5.04 s long']) {
      expect(words).toContain(word);
    }
    expect(words).toContain('weather rain');
    await page.getByText('Details').click();
    expect(await page.locator('details dl').innerText()).toContain('google/veo-3.1');
  });

  it('searches, filters by state, model and tag, and sorts by cost and length', async () => {
    const { page } = await browser.open({
      report: sampleReport([
        delivered({ id: 'a', cost_usd: 0.5, tags: ['night'], outputs: [clip('a', 4)] }),
        delivered({
          id: 'b',
          cost_usd: 2,
          settings: { model: 'x/kling', prompt: 'A Harbor' },
          outputs: [clip('b', 2)],
        }),
        sampleTake({ id: 'c', state: 'failed', estimate: null, tags: ['night'], message: 'too violent' }),
        delivered({ id: 'd', cost_usd: 1, tags: ['dawn'], outputs: [clip('d', 8)] }),
      ]),
    });
    expect(await shown(page)).toEqual(['a', 'b', 'c', 'd']);

    await page.getByLabel('Sort by').selectOption('By cost');
    expect(await shown(page)).toEqual(['b', 'd', 'a', 'c']);
    await page.getByLabel(/reverse the order/).click();
    expect(await shown(page)).toEqual(['a', 'd', 'b', 'c']);
    await page.getByLabel('Sort by').selectOption('By length');
    expect(await shown(page)).toEqual(['d', 'a', 'b', 'c']);
    await page.getByLabel('Sort by').selectOption('In order');

    await page.getByRole('button', { name: 'Failed 1' }).click();
    expect(await shown(page)).toEqual(['c']);
    await page.getByRole('button', { name: 'Delivered 3' }).click();
    expect(await shown(page)).toEqual(['a', 'b', 'c', 'd']);
    await page.keyboard.press('Escape');

    await page.getByLabel('Model', { exact: true }).selectOption('x/kling');
    expect(await shown(page)).toEqual(['b']);
    await page.getByLabel('Model', { exact: true }).selectOption('All models');
    await page.getByLabel('Tag', { exact: true }).selectOption('night');
    expect(await shown(page)).toEqual(['a', 'c']);

    await page.getByLabel('Tag', { exact: true }).selectOption('All tags');
    await page.getByRole('searchbox').fill('HARBOR kling');
    expect(await shown(page)).toEqual(['b']);
    await page.getByRole('searchbox').fill('violent');
    expect(await shown(page)).toEqual(['c']);
    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(await shown(page)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps picks over a reload and exports them for the project', async () => {
    const { page } = await browser.open({
      report: sampleReport(
        [1, 2, 3]
          .map((take) => delivered({ id: 'fox', take, takes: 3, picked: take === 1 }))
          .concat(delivered({ id: 'sea', picked: true }), delivered({ id: '__proto__' })),
        { project: 'picking' },
      ),
    });
    const second = page.getByRole('button', { name: 'Pick fox, take 2 of 3' });
    expect(await second.getAttribute('aria-pressed')).toBe('false');
    await second.click();
    await page.getByRole('button', { name: 'Pick __proto__' }).click();
    // Taking a pick back leaves the shot without one.
    await page.getByRole('button', { name: 'Pick sea' }).click();
    // There is one word for it.
    expect(await page.locator('.chip.picked').innerText()).toMatch(/^Picked/);
    expect(await second.getAttribute('title')).toBe('Pick this take (P)');
    await reloadUntil(page, async () => expect(await second.getAttribute('aria-pressed')).toBe('true'));
    expect(
      await page.getByRole('button', { name: 'Pick fox, take 1 of 3' }).getAttribute('aria-pressed'),
    ).toBe('false');

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export picks' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('picks.json');
    expect(await readFile(await file.path(), 'utf8')).toBe(
      '{\n  "version": 1,\n  "project": "picking",\n  "picks": {\n    "fox": 2,\n    "__proto__": 1\n  }\n}\n',
    );
  });

  it('follows the picks of a newer report where nothing was changed on the page', async () => {
    const report = (picked: number) =>
      sampleReport(
        [1, 2].map((take) => delivered({ id: 'fox', take, takes: 2, picked: take === picked })),
        {
          project: 'newer',
        },
      );
    const first = await browser.open({ report: report(1) });
    await first.page.getByRole('button', { name: 'Pick fox, take 2 of 2' }).click();
    await first.page.getByRole('button', { name: 'Pick fox, take 1 of 2' }).click();
    const { page } = await browser.open({ report: report(2) });
    expect(
      await page.getByRole('button', { name: 'Pick fox, take 2 of 2' }).getAttribute('aria-pressed'),
    ).toBe('true');
  });

  it('picks and exports where the browser refuses storage', async () => {
    const { page, complaints } = await browser.open({
      report: sampleReport([delivered({ id: 'fox' })], { project: 'refused' }),
      before: 'Object.defineProperty(window, "localStorage", { get() { throw new Error("refused"); } });',
      clips: { 'fox.mp4': await makeClip() },
    });
    await page.getByRole('button', { name: 'Pick fox' }).click();
    const download = page.waitForEvent('download');
    await page.keyboard.press('e');
    const file = JSON.parse(await readFile(await (await download).path(), 'utf8')) as unknown;
    expect(file).toEqual({ version: 1, project: 'refused', picks: { fox: 1 } });
    expect(complaints).toEqual([]);
  });

  it('is worked by the keyboard', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const { page } = await browser.open({
      report: sampleReport(
        ids.map((id) => delivered({ id })),
        { project: 'keys' },
      ),
      clips: await clipsFor(ids),
    });
    const focused = () => page.evaluate('document.activeElement.dataset.key');
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toBe('a');
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toBe('b');
    // Three cards stand in a row of this window.
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('e');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('g');
    await page.keyboard.press('ArrowUp');
    expect(await focused()).toBe('d');
    await page.keyboard.press('End');
    expect(await focused()).toBe('g');
    await page.keyboard.press('Home');
    expect(await focused()).toBe('a');

    await page.keyboard.press(' ');
    await settled(page, 'document.querySelector("[data-key=a] video").currentTime > 0.2');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press(' ');
    await settled(page, 'document.querySelector("[data-key=b] video").currentTime > 0.2');
    expect(await page.evaluate('document.querySelector("[data-key=a] video").paused')).toBe(true);
    await page.keyboard.press(' ');
    expect(await page.evaluate('document.querySelector("[data-key=b] video").paused')).toBe(true);

    await page.keyboard.press('p');
    expect(await page.getByRole('button', { name: 'Pick b' }).getAttribute('aria-pressed')).toBe('true');

    await page.keyboard.press('/');
    await page.keyboard.type('p/?');
    expect(await page.getByRole('searchbox').inputValue()).toBe('p/?');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
    await page.keyboard.press('Escape');

    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('d');
  });

  it('leaves one stop of the Tab key to all cards together', async () => {
    const { page } = await browser.open({
      report: sampleReport(['a', 'b', 'c'].map((id) => delivered({ id }))),
    });
    const stops = "document.querySelectorAll(\".card[tabindex='0'], .card [tabindex='0']\").length";
    const before = await page.evaluate(stops);
    await page.keyboard.press('End');
    expect(await page.evaluate(stops)).toBe(before);
    expect(await page.locator('.card[tabindex="0"]').getAttribute('data-key')).toBe('c');
  });

  it('shows markup in prompts, messages, models, tags and names as text', async () => {
    const evil = `<img src=x onerror="window.pwned=1">'"</script><script>window.pwned=1</script><!--\u2028`;
    const { page, complaints, strangers } = await browser.open({
      report: sampleReport(
        [
          sampleTake({
            id: 'evil',
            key: evil,
            state: 'failed',
            message: evil,
            job_id: evil,
            tags: [evil],
            matrix: { [evil]: evil },
            settings: { model: evil, prompt: evil, provider: { options: { x: { y: evil } } } },
          }),
          delivered({
            id: evil,
            settings: { model: 'm', prompt: evil },
            outputs: [sampleOutput(evil, { warnings: [evil] })],
          }),
        ],
        { project: evil, gateway: evil },
      ),
    });
    await page.getByText('Details').first().click();
    for (const key of ['2', '3', '1', 's']) await page.keyboard.press(key);
    const prompts = await page.locator('.card .prompt').allTextContents();
    expect(prompts).toEqual([evil, evil]);
    expect(await page.title()).toBe(`${evil.replace('\u2028', '\u2028')} · dailies`);
    expect(await page.locator('img, body > script:not([id]) ~ script').count()).toBe(0);
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(strangers).toEqual([]);
    expect(complaints.filter((text) => !text.includes('ERR_FILE_NOT_FOUND'))).toEqual([]);
  });

  it('runs no script but its own, even where markup has found its way in', async () => {
    const { page } = await browser.open({
      report: sampleReport([delivered({ id: 'fox' })]),
      edit: (html) =>
        html.replace(
          '<noscript>',
          '<script>window.pwned=1</script><img src="x" onerror="window.pwned=1"><noscript>',
        ),
    });
    await page.locator('.card').waitFor();
    expect(await page.evaluate('window.pwned')).toBeUndefined();
  });

  it('sets the takes of a shot side by side, in step, and picks among them', async () => {
    const takes = [1, 2, 3].map((take) =>
      delivered({ id: 'fox', take, takes: 3, outputs: [clip(`fox-${take}`, 2)] }),
    );
    const { page, complaints } = await browser.open({
      report: sampleReport([...takes, delivered({ id: 'sea' })], { project: 'beside' }),
      clips: await clipsFor(['fox-1', 'fox-2', 'fox-3', 'sea']),
    });
    await page.getByRole('button', { name: 'Shots' }).click();
    expect(await page.locator('.shot h2').allTextContents()).toEqual(['fox', 'sea']);
    expect(await keys(page.locator('.shot').first().locator('.card'))).toEqual(['fox@1', 'fox@2', 'fox@3']);

    // What a filter hides still stands beside its sisters.
    await page.getByRole('searchbox').fill('fox@1');
    await page.getByRole('button', { name: 'Sheet' }).click();
    await page.getByRole('button', { name: 'take 1/3' }).click();
    await settled(
      page,
      '[...document.querySelectorAll(".theatre video")].filter(v => v.currentTime > 0.2).length === 3',
    );
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('p');
    await page.keyboard.press('Escape');
    await page.locator('.theatre').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    expect(
      await page.getByRole('button', { name: 'Pick fox, take 2 of 3' }).getAttribute('aria-pressed'),
    ).toBe('true');
    expect(complaints).toEqual([]);
  });

  it('screens the delivered takes one after the other', async () => {
    const { page, complaints } = await browser.open({
      report: sampleReport(
        [delivered({ id: 'a' }), sampleTake({ id: 'b', state: 'failed' }), delivered({ id: 'c' })],
        { project: 'screening' },
      ),
      clips: { 'a.mp4': await makeClip(), 'c.mp4': await makeClip() },
    });
    await page.keyboard.press('s');
    const title = page.locator('.theatre h2');
    await expect.poll(() => title.textContent()).toBe('a');
    // The first clip ends after a second, and the next begins by itself.
    await expect.poll(() => title.textContent(), { timeout: 10_000 }).toBe('c');
    await page.keyboard.press('p');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => title.textContent()).toBe('a');
    await page.keyboard.press('Escape');
    await page.locator('.theatre').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.dataset.key')).toBe('a');
    expect(await page.getByRole('button', { name: 'Pick c' }).getAttribute('aria-pressed')).toBe('true');
    expect(complaints).toEqual([]);
  });

  it('keeps very many takes to the few players that can be seen', async () => {
    const bytes = await makeClip();
    const length = volume({ short: 100, long: 1000 });
    const takes = Array.from({ length }, (_, index) =>
      delivered({
        id: `shot-${index}`,
        outputs: [sampleOutput('one.mp4')],
        times: {
          submitted: index * 5000,
          started: index * 5000 + 2000,
          completed: index * 5000 + 19_000,
          delivered: index * 5000 + 21_000,
        },
      }),
    );
    const { page, complaints } = await browser.open({
      report: sampleReport(takes),
      clips: { 'one.mp4': bytes },
    });
    expect(await page.locator('.card').count()).toBe(length);
    const players = 'document.querySelectorAll("video").length';
    await settled(page, `${players} > 0`);
    const counts: number[] = [];
    for (let place = 1; place <= 8; place += 1) {
      await page.evaluate(`scrollTo(0, document.body.scrollHeight * ${place} / 8)`);
      // The cards of the window have their players again.
      await settled(
        page,
        '[...document.querySelectorAll(".card")].some(c => { const b = c.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight && c.querySelector("video")?.readyState >= 1; })',
      );
      counts.push(await page.evaluate(players));
    }
    expect(Math.max(...counts)).toBeLessThan(40);

    await page.keyboard.press('3');
    await page.locator('.timeline svg').waitFor();
    expect(await page.locator('.timeline svg *').count()).toBeLessThan(700);
    expect((await page.locator('.timeline svg').boundingBox())?.height).toBeLessThan(400);
    expect(complaints).toEqual([]);
  }, 60_000);

  it('shows each clip of a job that made several', async () => {
    const { page } = await browser.open({
      report: sampleReport([delivered({ id: 'two', outputs: [clip('two', 1), clip('two.2', 1)] })]),
      clips: { 'two.mp4': await makeClip(), 'two.2.mp4': await makeClip({ width: 128 }) },
    });
    const width = () => page.evaluate('document.querySelector(".card video")?.videoWidth');
    await expect.poll(width).toBe(64);
    await page.getByRole('button', { name: 'Clip 2 of 2' }).click();
    await expect.poll(width).toBe(128);
  });

  it('is calm about a project without takes', async () => {
    const { page, complaints } = await browser.open({ report: sampleReport([]) });
    await page.getByText('no takes yet').waitFor();
    for (const key of ['ArrowDown', ' ', 'Enter', 'p', 'c', 's', '2', '3', 'Escape'])
      await page.keyboard.press(key);
    await page.getByText('No job was submitted.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('draws the run, and leads from a job to its card', async () => {
    const { page, complaints } = await browser.open({
      report: sampleReport(
        [
          delivered({
            id: 'a',
            cost_usd: 1,
            times: { submitted: 0, started: 10_000, completed: 60_000, delivered: 65_000 },
          }),
          delivered({
            id: 'b',
            cost_usd: 0.5,
            depends_on: ['a'],
            times: { submitted: 65_000, started: 70_000, completed: 120_000, delivered: 125_000 },
          }),
        ],
        { project: 'run' },
      ),
    });
    await page.getByRole('button', { name: 'Run' }).click();
    expect(await page.locator('.timeline svg').getAttribute('aria-label')).toContain(
      '2 jobs in 2 min 5 s, at most 1 at once',
    );
    expect(await page.locator('.timeline .thread').count()).toBe(1);
    expect(await page.locator('.costs tbody').innerText()).toContain('$1.50');
    const box = await page.locator('.timeline svg').boundingBox();
    await page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) * 0.8, (box?.y ?? 0) + 30);
    expect(await page.evaluate('document.activeElement.dataset.key')).toBe('b');
    expect(complaints.filter((text) => !text.includes('ERR_FILE_NOT_FOUND'))).toEqual([]);
  });

  it('measures the film by its picks, and says what the sandbox would have charged', async () => {
    const { page } = await browser.open({
      report: sampleReport(
        [
          delivered({ id: 'a', takes: 2, take: 1, cost_usd: 0.36, outputs: [clip('a1', 4), clip('a1b', 9)] }),
          delivered({ id: 'a', takes: 2, take: 2, cost_usd: 0.36, outputs: [clip('a2', 6)] }),
          delivered({ id: 'b', cost_usd: 0.12, outputs: [clip('b', 1)] }),
        ],
        { gateway: 'sandbox', spent_usd: 0 },
      ),
    });
    const totals = async () =>
      (await page.locator('.totals').innerText()).toLowerCase().replaceAll('\n', ' ');
    expect(await totals()).toMatch(/film 5 s of 20 s.* on paper \$0\.84/);
    await page.getByRole('button', { name: 'Pick a, take 2 of 2' }).click();
    expect(await totals()).toMatch(/film 7 s of 20 s/);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    expect(await page.locator('.picture').last().innerText()).toContain('the sandbox charges nothing');
  });

  it('says of how many jobs nobody knows what they cost', async () => {
    const open = (spent_unpriced: number) =>
      browser.open({
        report: sampleReport([delivered({ id: 'a' })], { spent_unpriced, budget_usd: 30 }),
        width: 360,
      });
    const spent = 'document.querySelector(".totals > :last-child dd").textContent';
    const { page } = await open(2);
    expect(await page.evaluate(spent)).toBe('$18.20 and 2 jobs of unknown price of $30.00');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await (await open(0)).page.evaluate(spent)).toBe('$18.20 of $30.00');
  });

  it('prints a plain box, and no black one, where a clip has no player', async () => {
    const takes = Array.from({ length: 60 }, (_, index) =>
      delivered({ id: `shot-${index}`, outputs: [clip('one', 1)] }),
    );
    const { page } = await browser.open({ report: sampleReport(takes), clips: await clipsFor(['one']) });
    await settled(page, 'document.querySelector(".card video")?.readyState >= 2');
    await page.keyboard.press('t');
    await page.emulateMedia({ media: 'print' });
    const styleOf = (stage: string, name: string) =>
      page.evaluate(`getComputedStyle(document.querySelector("${stage}")).${name}`);
    const far = '.card:last-child .stage';
    expect(await page.locator(`${far} video`).count()).toBe(0);
    expect(await styleOf(far, 'backgroundColor')).toBe('rgba(0, 0, 0, 0)');
    expect(await styleOf(far, 'borderTopStyle')).toBe('solid');
    for (const word of ['edge', 'length']) {
      expect(await styleOf(`${far} .${word}`, 'color')).not.toBe('rgb(255, 255, 255)');
      expect(await styleOf(`${far} .${word}`, 'textShadow')).toBe('none');
    }
    // Clips that are on the screen are printed as they stand.
    expect(await styleOf('.card:first-child video', 'visibility')).toBe('visible');
  });

  it('fits a phone, in light and in dark', async () => {
    const long = 'x'.repeat(300);
    const { page } = await browser.open({
      report: sampleReport(
        [
          delivered({ id: long, settings: { model: long, prompt: long }, tags: [long] }),
          sampleTake({ id: 'b', state: 'failed', message: long }),
        ],
        { project: long },
      ),
      width: 360,
      height: 740,
    });
    // Cards out of sight are not laid out; here each must fit.
    await page.evaluate(
      'for (const card of document.querySelectorAll(".card")) card.style.contentVisibility = "visible"',
    );
    for (const key of ['1', '2', '3']) {
      await page.keyboard.press(key);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    }
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await ground();
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await ground()).not.toBe(dark);
    await page.keyboard.press('t');
    expect(await ground()).toBe(dark);
    await reloadUntil(page, async () => expect(await ground()).toBe(dark));
  });
});

/** Chromium hands what a page keeps on to the process behind a reload in its own time. */
function reloadUntil(page: Page, isAsKept: () => Promise<void>): Promise<void> {
  return vi.waitFor(async () => {
    await page.reload();
    await isAsKept();
  }, 10_000);
}

/** A delivered take whose clip lies at `<id>.mp4`. */
function delivered(wish: Partial<ReportTake> & { readonly id: string }): ReportTake {
  return sampleTake({ outputs: [clip(wish.id, 1)], ...wish });
}

function clip(name: string, seconds: number) {
  const output = sampleOutput(`${name}.mp4`);
  return { ...output, media: { ...output.media, duration_s: seconds } };
}

/** Two seconds of film at `<name>.mp4` for each name. */
async function clipsFor(names: readonly string[]): Promise<Record<string, Uint8Array>> {
  const bytes = await makeClip({ seconds: 2 });
  return Object.fromEntries(names.map((name) => [`${name}.mp4`, bytes]));
}

function shown(page: Page): Promise<(string | null)[]> {
  return keys(page.locator('.card:visible'));
}

async function keys(cards: Locator): Promise<(string | null)[]> {
  return Promise.all((await cards.all()).map((card) => card.getAttribute('data-key')));
}

/** Waits until an expression is true in the page; by polling, since the page's policy forbids eval. */
async function settled(page: Page, expression: string): Promise<void> {
  await expect.poll(() => page.evaluate(expression), { timeout: 10_000 }).toBe(true);
}
