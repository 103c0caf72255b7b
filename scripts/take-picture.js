// Takes docs/images/view.png: the live page in the middle of a real run of examples/demo.yaml on the sandbox. Needs a build and Chromium
// (CHROMIUM_PATH names one): npm run picture
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FILE = 'docs/images/view.png';
/** So many of the twelve takes are delivered when the picture is taken. */
const DELIVERED = 5;

const folder = await mkdtemp(join(tmpdir(), 'dailies-picture-'));
await cp('examples', folder, { recursive: true, filter: (path) => !/renders|\.dailies|\.lock\./.test(path) });
const command = spawn(process.execPath, ['dist/cli/main.js', 'view', join(folder, 'demo.yaml')], {
  env: { ...process.env, DAILIES_SANDBOX_SPEED: '0.6' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 860 },
    colorScheme: 'dark',
    deviceScaleFactor: 1,
  });
  await page.goto(await addressOf(command));
  await page.keyboard.press('r');
  await page.locator('.spend').click();
  await page.locator(`.live .now:has-text("${DELIVERED} of 12 delivered")`).waitFor({ timeout: 120_000 });
  await page.locator('.card.delivered .pick').first().click();
  await page.locator('.card video').first().waitFor();
  // Their first frames are there a moment later than the players.
  await page.waitForTimeout(700);
  await page.screenshot({ path: FILE });
  console.log(`${FILE} is taken`);
} finally {
  await browser.close();
  const ended = new Promise((resolve) => command.once('exit', resolve));
  command.kill('SIGINT');
  await ended;
  await rm(folder, { recursive: true, force: true });
}

/** The address that the command prints. */
async function addressOf({ stdout }) {
  let text = '';
  for await (const piece of stdout) {
    text += piece;
    const [, address] = /Open (\S+)/.exec(text) ?? [];
    if (address) return address;
  }
  throw new Error(`no address in: ${text}`);
}
