import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { renderSheet } from '../../src/sheet/render.js';
import { openView, type View } from '../../src/view/open-view.js';
import type { TestProject } from '../helpers/project.js';
import { findChromium } from '../sheet/browser.js';

const executablePath = findChromium();
if (executablePath === undefined)
  console.warn('No Chromium was found (CHROMIUM_PATH names one): the live page was not tested in a browser.');

export const isWithoutBrowser = executablePath === undefined;

/** A page of the view, and what its console complained of. */
export interface LivePage {
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** One browser for the tests of a file; every test has windows of its own. */
export function useBrowser() {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
    });
  }, 60_000);
  afterAll(() => browser?.close());
  return {
    async context(wish: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
      if (!browser) throw new Error('there is no browser');
      const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...wish });
      context.setDefaultTimeout(15_000);
      onTestFinished(() => context.close());
      return context;
    },
  };
}

/** Serves a project as `dailies view` does, until the test is over. */
export async function view(film: TestProject, env: NodeJS.ProcessEnv = {}): Promise<View> {
  const opened = await openView({
    project: { manifest: film.manifest, env: { TEST_KEY: 'sk-test-0123456789', ...env } },
    port: 0,
    clock: systemClock,
    terms: { withKey: true, renderSheet },
  });
  onTestFinished(() => opened.close());
  return opened;
}

/** Opens the page of a view in a window. */
export async function look(context: BrowserContext, { address }: Pick<View, 'address'>): Promise<LivePage> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(address);
  await page.locator('.live').waitFor();
  return { page, complaints };
}
