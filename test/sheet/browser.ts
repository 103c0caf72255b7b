import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { Report } from '../../src/domain/report.js';
import { htmlOf } from './sample-report.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/snap/bin', '/opt/google/chrome'];

/** The browser of this machine, or undefined: CHROMIUM_PATH, else the PATH, else the usual places. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== '') return named;
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...FOLDERS];
  const candidates = [
    ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  ];
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A browser with an empty profile, and what a test may do with it. */
export interface TestBrowser {
  /** Writes the sheet and its clips into a folder of their own and opens it from the disk, until the test is over. */
  readonly open: (sheet: TestSheet) => Promise<OpenSheet>;
  readonly close: () => Promise<void>;
}

export interface TestSheet {
  readonly report: Report;
  /** Path in the folder to the bytes there. */
  readonly clips?: Readonly<Record<string, Uint8Array>>;
  /** Spoils the page before it is written. */
  readonly edit?: (html: string) => string;
  /** Runs in the page before its own script. */
  readonly before?: string;
  readonly width?: number;
  readonly height?: number;
}

export interface OpenSheet {
  readonly page: Page;
  readonly folder: string;
  /** What the console complained of, and whatever was thrown. */
  readonly complaints: readonly string[];
  /** Every URL asked for that is not in the page's own folder. */
  readonly strangers: readonly string[];
}

export async function startBrowser(executablePath: string): Promise<TestBrowser> {
  const home = await mkdtemp(join(tmpdir(), 'dailies-browser-'));
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath,
    headless: true,
    acceptDownloads: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  let sheets = 0;
  return {
    async open(sheet) {
      sheets += 1;
      return openSheet(context, join(home, `sheet ${sheets} #1 50%`), sheet);
    },
    async close() {
      await context.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function openSheet(context: BrowserContext, folder: string, sheet: TestSheet): Promise<OpenSheet> {
  await mkdir(folder, { recursive: true });
  for (const [path, bytes] of Object.entries(sheet.clips ?? {})) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  const html = htmlOf(sheet.report);
  const file = join(folder, 'index.html');
  await writeFile(file, sheet.edit?.(html) ?? html);

  const page = await context.newPage();
  // A clip that plays on would take its time from the tests that follow.
  onTestFinished(() => page.close());
  const complaints: string[] = [];
  const strangers: string[] = [];
  const own = pathToFileURL(folder).href;
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(own) && !url.startsWith('data:') && !url.startsWith('blob:')) strangers.push(url);
  });
  await page.setViewportSize({ width: sheet.width ?? 1200, height: sheet.height ?? 800 });
  if (sheet.before !== undefined) await page.addInitScript({ content: sheet.before });
  await page.goto(pathToFileURL(file).href);
  return { page, folder, complaints, strangers };
}
