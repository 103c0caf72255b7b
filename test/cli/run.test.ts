import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelListing } from '../../src/domain/catalogue.js';
import type { Spent } from '../../src/events.js';
import { standIn } from '../composition/films.js';
import { cli, writeManifest } from '../helpers/cli.js';
import { makeClip } from '../helpers/clips.js';
import { startGatewayServer, type GatewayServer } from '../helpers/gateway-server.js';

const KEY = 'sk-test-0123456789';
const env = { TEST_KEY: KEY };
const TWO = '  - { id: sea, prompt: waves }\n  - { id: storm, prompt: thunder }';

let server: GatewayServer;

beforeEach(async () => {
  server = await startGatewayServer({ apiKey: KEY, key: { usage: 12.5, limit: 50 } });
  server.autoComplete(await makeClip({ width: 1280, height: 720, seconds: 4, fps: 4 }), { cost: 0.12 });
});
afterEach(async () => {
  expect(server.violations).toEqual([]);
  await server.close();
});

describe('dailies run', () => {
  it('renders, says so on the standard output, and keeps progress off it', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, TWO);
    const { exitCode, stdout, stderr } = await cli(['run', manifest], { env });
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(
      new RegExp(`^2 of 2 clips in ${folder}/renders/film/ · .* · \\$0\\.24 \\(as estimated\\)$`),
    );
    expect(stdout).toContain(`Contact sheet  ${folder}/renders/film/index.html`);
    expect(stderr).toMatch(/^film: 2 takes, 2 to render on .*, at most \$0\.24$/m);
    expect(stderr).toMatch(/^\[2\/2\] ✓ (sea|storm)/m);
    expect(stdout + stderr).not.toContain(KEY);
  });

  it('pays for nothing the second time, and shows the plan when it is asked for', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    await cli(['run', manifest], { env });
    const again = await cli(['run', manifest, '--quiet'], { env });
    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
    expect(again.stdout).toContain('(all there already)');
    const plan = await cli(['run', manifest, '--dry-run'], { env });
    expect(plan.stdout).toContain('  = 2 takes  –  delivered');
    expect(server.counters.posts).toBe(2);
  });

  it('answers machines with one object, or with an event a line', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const lines = (await cli(['run', manifest, '--format', 'ndjson'], { env })).stdout.trimEnd().split('\n');
    const types = lines.map((line) => (JSON.parse(line) as { readonly type: string }).type);
    expect(types[0]).toBe('run.started');
    expect(types.at(-1)).toBe('run.finished');
    expect(types.filter((type) => type === 'shot.delivered')).toHaveLength(2);
    const { stdout } = await cli(['run', manifest, '--format', 'json'], { env });
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, exit_code: 0, counts: { total: 2, reused: 2 } });
  });

  it('says with each event about money what the project has spent by then, estimates apart', async () => {
    const { manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves }');
    const words = ['run', manifest, '--format', 'ndjson'];
    const lines = (await cli(words, { env })).stdout.trimEnd().split('\n');
    const spent = lines.flatMap((line) => {
      const event = JSON.parse(line) as Partial<Spent> & { readonly type: string };
      const { type, spent_usd, spent_estimated, spent_unpriced } = event;
      return type.startsWith('shot.') && spent_usd !== undefined
        ? [{ type, spent: [spent_usd, spent_estimated, spent_unpriced] }]
        : [];
    });
    expect(spent).toEqual([
      { type: 'shot.submitted', spent: [0.12, 1, 0] },
      { type: 'shot.completed', spent: [0.12, 0, 0] },
      { type: 'shot.delivered', spent: [0.12, 0, 0] },
    ]);
  });

  it('says in a dry run what a ceiling would stop, and ends as the run would', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const words = ['run', manifest, '--max-cost', '0.01'];
    const [dry, run] = [await cli([...words, '--dry-run'], { env }), await cli(words, { env })];
    expect(dry.exitCode).toBe(3);
    expect(dry.stdout).toContain('To spend   $0.24');
    expect(dry.stderr).toMatch(
      /^error: the plan could cost \$0\.24, more than --max-cost \$0\.01\n {2}hint: /,
    );
    expect(run.exitCode).toBe(3);
    expect(run.stdout).toContain('Stopped: the plan could cost $0.24, more than --max-cost $0.01');
    expect((await cli([...words, '--dry-run', '--max-cost', '1'], { env })).exitCode).toBe(0);
    expect(server.counters.posts).toBe(0);
  });

  it('holds a dry run to the budget of the manifest', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO, { top: 'budget_usd: 0.2' });
    const dry = await cli(['run', manifest, '--dry-run', '--format', 'ndjson'], { env });
    expect(dry.exitCode).toBe(3);
    expect(dry.stderr).toContain('that crosses budget_usd, $0.20');
    expect(dry.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(dry.stdout)).toMatchObject({ version: 1, total: { max_usd: 0.24 } });
  });

  describe('the command that it prints in the end', () => {
    const again = (stdout: string) => {
      const [, command = '', words = ''] = /^Again +(dailies run .*?) {2}(.*)$/m.exec(stdout) ?? [];
      return { words: command.split(' ').slice(1), does: words };
    };

    it('makes anew what is left of a set, and nothing that was made', async () => {
      const { manifest } = await writeManifest(server.baseUrl, TWO, { top: 'concurrency: 1' });
      await cli(['run', manifest], { env });
      let isRefused = false;
      server.onRequest(({ endpoint }) => {
        if (endpoint !== 'poll' || isRefused) return;
        isRefused = true;
        server.failNext({ status: 402, body: { error: { code: 402, message: 'no' } } });
      });
      const { stdout } = await cli(['run', manifest, '--rerender', 'sea,storm'], { env });
      const { words, does } = again(stdout);
      expect(words.slice(2)).toEqual(['--rerender', 'storm']);
      expect(does).toBe('tries storm once more');
      expect(server.counters.accepted).toBe(3);
      expect(await cli(words, { env })).toMatchObject({ exitCode: 0 });
      expect(server.counters.accepted).toBe(4);
      expect(server.submits.map(({ prompt }) => prompt).slice(2)).toEqual(['waves', 'thunder', 'thunder']);
    });

    it('is not refused by the ceiling that has ended the run', async () => {
      const { manifest } = await writeManifest(server.baseUrl, TWO);
      const { stdout } = await cli(['run', manifest, '--max-cost', '0.01'], { env });
      const { words } = again(stdout);
      expect(words.slice(2)).toEqual(['--max-cost', '0.24']);
      expect(await cli(words, { env })).toMatchObject({ exitCode: 0 });
    });

    it('tries nothing again that this run was to leave alone, and counts no money for it', async () => {
      server.failNext({ status: 400, body: { error: { code: 400, message: 'a flagged prompt' } } });
      const { manifest } = await writeManifest(server.baseUrl, TWO);
      await cli(['run', manifest, '--only', 'sea'], { env });
      const care = ['--no-retry-failed', '--on-uncertain', 'hold'];
      const { stdout } = await cli(['run', manifest, ...care, '--max-cost', '0.01'], { env });
      expect(again(stdout)).toEqual({
        words: ['run', manifest, ...care, '--max-cost', '0.12'],
        does: 'submits storm',
      });
    });

    it('says how far the budget of the manifest has to be raised for it', async () => {
      const { manifest } = await writeManifest(server.baseUrl, TWO, { top: 'budget_usd: 0.2' });
      const { stdout } = await cli(['run', manifest], { env });
      expect(again(stdout).does).toBe('submits 2 shots, once budget_usd is 0.24 or more');
    });
  });

  it('names what was not delivered, ends with 1, and tells CI systems', async () => {
    server.failNext({ status: 400, body: { error: { code: 400, message: 'a flagged prompt' } } });
    const { folder, manifest } = await writeManifest(server.baseUrl, TWO, { top: 'concurrency: 1' });
    const [junit, steps] = [join(folder, 'out', 'junit.xml'), join(folder, 'steps.md')];
    await writeFile(steps, 'before\n');
    const { exitCode, stdout } = await cli(['run', manifest, '--junit', junit], {
      env: { ...env, GITHUB_STEP_SUMMARY: steps },
    });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^ {2}refused {2}sea {2}.*a flagged prompt$/m);
    expect(stdout).toMatch(/^Again .*dailies run .*film\.yaml {2}tries sea once more$/m);
    expect(await readFile(junit, 'utf8')).toContain('tests="2" failures="1"');
    expect(await readFile(steps, 'utf8')).toMatch(
      /^before\n### dailies: film\n[^]*\| `sea` \|.*\*\*refused\*\*/,
    );
  });

  it('says what became of the run also where the JUnit file cannot be written any more', async () => {
    server.failNext({ status: 400, body: { error: { code: 400, message: 'a flagged prompt' } } });
    const { folder, manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves }');
    server.onRequest(async ({ endpoint }) => {
      if (endpoint === 'submit') await mkdir(join(folder, 'a.xml'), { recursive: true });
    });
    const words = ['run', manifest, '--format', 'json', '--junit', join(folder, 'a.xml')];
    const refused = await cli(words, { env });
    expect(refused.exitCode).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ exit_code: 1, shots: [{ outcome: 'refused' }] });
    expect(refused.stderr).toMatch(/cannot be written: .*a\.xml is a folder/);
    await rm(join(folder, 'a.xml'), { recursive: true });
    const delivered = await cli(words, { env });
    expect(delivered.exitCode).toBe(3);
    expect(JSON.parse(delivered.stdout)).toMatchObject({ exit_code: 3, counts: { delivered: 1 } });
  });

  it('gives the command to go on with, that buys no more than this one was to', async () => {
    server.failNext({ status: 400, body: { error: { code: 400, message: 'a flagged prompt' } } });
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const words = ['run', manifest, '--only', 'sea', '--only', 'sea@1', '--until', 'sea', '--approve'];
    const { exitCode, stdout } = await cli([...words, '--max-cost', '$0.50', '--rerender', 'sea'], { env });
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      `dailies run ${manifest} --only sea,sea@1 --until sea --rerender sea --approve --max-cost 0.5  `,
    );
  });

  it.each(['film.yaml', 'film.lock.json', 'film.lock.journal', 'sub/../film.lock.json', 'refs', 'photo.png'])(
    'buys nothing where the JUnit report would be written over %s',
    async (name) => {
      const { folder, manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves }');
      await mkdir(join(folder, 'refs'));
      await writeFile(join(folder, 'photo.png'), 'mine');
      const before = await readFile(manifest, 'utf8');
      const { exitCode, stderr } = await cli(['run', manifest, '--junit', `${folder}/${name}`], { env });
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/the JUnit report cannot be written: .*\n {2}hint: name another file/);
      expect(await readFile(manifest, 'utf8')).toBe(before);
      expect(await readFile(join(folder, 'photo.png'), 'utf8')).toBe('mine');
      expect(server.counters.posts).toBe(0);
    },
  );

  it('writes the JUnit report where a link of that name leads', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves }');
    const [link, report] = [join(folder, 'link.xml'), join(folder, 'report.xml')];
    await writeFile(report, '<testsuites></testsuites>');
    await symlink(report, link);
    expect(await cli(['run', manifest, '--junit', link], { env })).toMatchObject({ exitCode: 0 });
    expect(await readFile(report, 'utf8')).toContain('tests="1"');
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
  });

  it('buys nothing where the folder of the JUnit report cannot be made', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves }');
    const { exitCode, stderr } = await cli(['run', manifest, '--junit', join(folder, 'film.yaml/a.xml')], {
      env,
    });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/film\.yaml could not be made ready for the JUnit report: .*\n {2}hint: /);
    expect(server.counters.posts).toBe(0);
  });

  it('writes the JUnit report over an older one', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves }');
    const words = ['run', manifest, '--junit', join(folder, 'a.xml')];
    expect([(await cli(words, { env })).exitCode, (await cli(words, { env })).exitCode]).toEqual([0, 0]);
  });

  it('gives the command that settles a lost answer, and that command works', async () => {
    server.failNext('reset');
    const { manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves }');
    const held = await cli(['run', manifest], { env });
    expect(held.exitCode).toBe(1);
    expect(held.stdout).toContain(`settle it: dailies resolve ${manifest} sea --job-id ID | --not-charged`);
    const settled = await cli(['resolve', manifest, 'sea', '--not-charged'], { env });
    expect(settled.exitCode).toBe(0);
    expect(settled.stdout).toBe(
      'sea@1  can be bought again\nthe gateway says that the key has used $12.50 in total\n',
    );
    expect((await cli(['run', manifest], { env })).exitCode).toBe(0);
    expect(server.counters.posts).toBe(2);
  });

  it('ends with 3 where the key is missing or refused, and never shows it', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const missing = await cli(['run', manifest]);
    expect(missing.exitCode).toBe(3);
    expect(missing.stderr).toMatch(/TEST_KEY is not set\n {2}hint: export TEST_KEY=/);
    const wrong = await cli(['run', manifest], { env: { TEST_KEY: 'sk-wrong-987654321' } });
    expect(wrong.exitCode).toBe(3);
    expect(wrong.stdout + wrong.stderr).not.toContain('sk-wrong');
  });

  it('takes the key from .env beside the manifest, and nothing else, and never over the environment', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves }');
    await writeFile(
      join(folder, '.env'),
      `TEST_KEY="${KEY}"\nDAILIES_FORMAT=json\nHTTP_PROXY=http://127.0.0.1:9\n`,
    );
    const taken = await cli(['run', manifest]);
    expect(taken.exitCode).toBe(0);
    expect(taken.stdout).toMatch(/^1 of 1 clip/);
    await writeFile(join(folder, '.env'), 'TEST_KEY=sk-from-file-123456\n');
    expect((await cli(['run', manifest, '--rerender', 'sea'], { env })).exitCode).toBe(0);
  });

  it('takes from .env the key of whatever name the manifest asks for, and makes it no setting of its own', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves }');
    const text = await readFile(manifest, 'utf8');
    for (const name of ['KK', 'HTTP_PROXY', 'constructor']) {
      await writeFile(manifest, text.replace('TEST_KEY', name));
      await writeFile(join(folder, '.env'), '');
      const missing = await cli(['run', manifest, '--rerender', 'sea']);
      expect(missing.stderr).toContain(`export ${name}=…, or put it into .env beside the manifest`);
      await writeFile(join(folder, '.env'), `${name}=${KEY}\n`);
      expect(await cli(['run', manifest, '--rerender', 'sea'])).toMatchObject({ exitCode: 0 });
    }
  });
});

describe('dailies run without a terminal', () => {
  const unattended = { ...env, DAILIES_YES: '' };

  it('shows the plan, buys nothing and ends with 3 where neither --yes nor a ceiling lets it spend', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const { exitCode, stdout, stderr } = await cli(['run', manifest], { env: unattended });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('  + sea    veo-3.1-lite  4 s  720p  $0.12  new');
    expect(stdout).toMatch(/^Stopped: there is no terminal to ask on, and no ceiling: nothing was bought$/m);
    expect(stdout).toMatch(/^ {2}hint: give --yes to spend .*--max-cost USD or budget_usd/m);
    expect(stdout).not.toContain('Again');
    const json = await cli(['run', manifest, '--format', 'json'], { env: unattended });
    expect(JSON.parse(json.stdout)).toMatchObject({ exit_code: 3, stopped: { kind: 'unconfirmed' } });
    expect(server.counters.posts).toBe(0);
  });

  it.each([
    ['without leave', [], ''],
    ['by a ceiling', ['--max-cost', '0.01'], ''],
    ['by the budget', [], 'budget_usd: 0.01'],
  ])('writes no empty contact sheet where it is refused %s', async (_, words, top) => {
    const { folder, manifest } = await writeManifest(server.baseUrl, TWO, { top });
    const { exitCode, stdout } = await cli(['run', manifest, ...words], { env: unattended });
    expect(exitCode).toBe(3);
    expect(stdout).not.toContain('Contact sheet');
    await expect(lstat(join(folder, 'renders'))).rejects.toThrow('ENOENT');
  });

  it('still fetches what is paid for', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, TWO);
    await cli(['run', manifest, '--only', 'sea'], { env });
    for (const lost of ['renders', '.dailies/clips']) await rm(join(folder, lost), { recursive: true });
    const { exitCode, stdout } = await cli(['run', manifest], { env: unattended });
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^1 of 2 clips in /);
    expect(server.counters).toMatchObject({ posts: 1, downloads: 2 });
  });

  it.each([
    ['--yes', '', ['--yes']],
    ['--max-cost', '', ['--max-cost', '1']],
    ['budget_usd', 'budget_usd: 1', []],
  ])('buys with %s', async (_, top, words) => {
    const { manifest } = await writeManifest(server.baseUrl, TWO, { top });
    expect(await cli(['run', manifest, ...words], { env: unattended })).toMatchObject({ exitCode: 0 });
    expect(server.counters.posts).toBe(2);
  });

  it('needs no leave where there is nothing to buy, or where the sandbox renders', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const sandbox = { ...unattended, DAILIES_SANDBOX_SPEED: '1000' };
    expect(await cli(['run', manifest, '--gateway', 'sandbox'], { env: sandbox })).toMatchObject({
      exitCode: 0,
    });
    await cli(['run', manifest, '--yes'], { env });
    expect(await cli(['run', manifest], { env: unattended })).toMatchObject({ exitCode: 0 });
  });
});

describe('dailies run on a terminal', () => {
  it('shows the plan and spends after a yes', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const { exitCode, stderr } = await cli(['run', manifest], { env, typed: 'y\n' });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('  + sea    veo-3.1-lite  4 s  720p  $0.12  new');
    expect(stderr).toContain('Spend up to $0.24? [y/N]');
    expect(server.counters.posts).toBe(2);
  });

  it('asks for what is bought now, and says what the shots that wait for picks will cost', async () => {
    const grown = '\n  - { id: storm, prompt: thunder, first_frame: { from: sea } }';
    const { manifest } = await writeManifest(
      server.baseUrl,
      `  - { id: sea, prompt: waves, takes: 2 }${grown}`,
    );
    const { stderr } = await cli(['run', manifest, '--approve'], {
      env: { ...env, ...(await standIn()) },
      typed: 'n\n',
    });
    expect(stderr).toContain('To spend   $0.24 now, up to $0.12 more after the picks');
    expect(stderr).toContain('Spend up to $0.24 now (up to $0.12 more after the picks)? [y/N]');
  });

  it.each(['n\n', '\n', ''])('spends nothing after %j', async (typed) => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const { exitCode, stderr } = await cli(['run', manifest], { env, typed });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('nothing was submitted');
    expect(server.counters.posts).toBe(0);
  });

  it('says of how many takes no price is known, wherever it says a sum', async () => {
    const { data } = JSON.parse(await readFile('src/sandbox/models.json', 'utf8')) as {
      data: { readonly id: string }[];
    };
    const models = {
      data: data.map((model) => (model.id === 'google/veo-3.1' ? { ...model, pricing_skus: {} } : model)),
    };
    const unpriced = await startGatewayServer({ apiKey: KEY, models });
    unpriced.autoComplete(await makeClip({ width: 1280, height: 720, seconds: 4, fps: 4 }));
    const storm = '\n  - { id: storm, prompt: thunder, model: google/veo-3.1 }';
    try {
      const { manifest } = await writeManifest(unpriced.baseUrl, `  - { id: sea, prompt: waves }${storm}`);
      const declined = await cli(['run', manifest], { env, typed: 'n\n' });
      expect(declined.stderr).toContain('To spend   $0.12 and 1 take of unknown price');
      expect(declined.stderr).toContain('Spend up to $0.12 and whatever 1 unpriced take costs? [y/N]');
      const ran = await cli(['run', manifest], { env });
      expect(ran.stderr).toMatch(/, at most \$0\.12 and 1 take of unknown price$/m);
      expect(ran.stdout).toContain(' · $0.12 and 1 job of unknown price (as estimated)');
      const again = await cli(['run', manifest, '--rerender', 'storm', '--format', 'ndjson'], { env });
      const lines = again.stdout.trimEnd().split('\n');
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ max_usd: 0, unpriced: 1, spent_unpriced: 1 });
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
        summary: { estimated_unpriced: 1, cost_unpriced: 1, spent_unpriced: 2 },
      });
      const plan = await cli(['plan', manifest], { env });
      expect(plan.stdout).toContain('Spent      $0.12 and 2 jobs of unknown price');
      const status = await cli(['status', manifest], { env });
      expect(status.stdout).toContain('Spent $0.12 and 2 jobs of unknown price');
    } finally {
      await unpriced.close();
    }
  });

  it('asks on the standard output where the standard error goes to a file', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const options = { env, isErrorRedirected: true };
    const no = await cli(['run', manifest], { ...options, typed: 'n\n' });
    expect(no.exitCode).toBe(3);
    expect(no.stdout).toContain('  + sea    veo-3.1-lite  4 s  720p  $0.12  new');
    expect(no.stdout).toContain('Spend up to $0.24? [y/N]');
    expect(server.counters.posts).toBe(0);
    expect((await cli(['run', manifest], { ...options, typed: 'y\n' })).exitCode).toBe(0);
    expect(server.counters.posts).toBe(2);
  });

  it('does not ask with --yes, or where there is nothing to buy', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const first = await cli(['run', manifest, '--yes'], { env, typed: '' });
    const second = await cli(['run', manifest], { env, typed: '' });
    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
    expect(first.stderr + second.stderr).not.toContain('[y/N]');
  });
});

describe('the commands around a run', () => {
  it('says beside the answer what was put right in the state', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, TWO);
    await cli(['run', manifest], { env });
    await rm(join(folder, 'film.lock.json'));
    for (const command of ['status', 'sheet']) {
      const { exitCode, stdout, stderr } = await cli([command, manifest, '--format', 'json'], { env });
      expect([exitCode, JSON.parse(stdout)]).toMatchObject([0, { version: 1 }]);
      expect(stderr).toMatch(/^warning {2}state-repaired\n {2}2 purchases taken from the receipts/);
    }
    expect((await cli(['status', manifest], { env })).stderr).toBe('');
  });

  it('tell the status, make the sheet, list what may go', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, TWO);
    await cli(['run', manifest, '--only', 'sea'], { env });
    const status = await cli(['status', manifest], { env });
    expect(status.stdout).toContain('1 delivered, 1 not begun\nSpent $0.12\n');
    expect((await cli(['sheet', manifest], { env })).stdout).toBe(`${folder}/renders/film/index.html\n`);
    expect((await cli(['prune', manifest], { env })).stdout).toBe('nothing to remove\n');
    expect((await cli(['unlock', manifest], { env })).stdout).toBe('there was no lock\n');
    await writeFile(join(folder, 'picks.json'), '{"version":1,"project":"film","picks":{"sea":1}}');
    expect((await cli(['pick', manifest, join(folder, 'picks.json')], { env })).stdout).toContain(
      '1 shot picked',
    );
    const film = await cli(['assemble', manifest], { env });
    expect(film).toMatchObject({ exitCode: 1 });
    expect(film.stderr).toContain('there is no clip yet for storm');
  });

  it('say that there is a rehearsal, and how to see it, where the project has nothing of it', async () => {
    const { manifest } = await writeManifest(server.baseUrl, TWO);
    const commands = ['status', 'sheet'] as const;
    const rehearsed = async () => {
      const said = await Promise.all(commands.map((command) => cli([command, manifest], { env })));
      return said.map(({ stdout, stderr }) => /^Rehearsed.*\n.*$/m.exec(stdout + stderr)?.[0]);
    };
    expect(await rehearsed()).toEqual([undefined, undefined]);
    const rehearsal = { env: { DAILIES_GATEWAY: 'sandbox', DAILIES_SANDBOX_SPEED: '1000' } };
    await cli(['run', manifest, '--only', 'sea'], rehearsal);
    expect(await rehearsed()).toEqual(
      commands.map(
        (command) =>
          `Rehearsed on the sandbox: 1 of 2 takes\nSee it  dailies ${command} ${manifest} --gateway sandbox`,
      ),
    );
    const itself = await cli(['status', manifest], rehearsal);
    expect(itself.stdout).toContain('1 delivered, 1 not begun');
    expect(itself.stdout).not.toContain('Rehearsed');
    // A lockfile of that name may well be that of another film.
    await writeFile(manifest.replace('.yaml', '.sandbox.lock.json'), '{}');
    expect(await rehearsed()).toEqual([undefined, undefined]);
    expect(server.counters.posts).toBe(0);
  });

  it('pick takes, and say what that unblocks, what it costs and how to continue', async () => {
    const shots = [
      '  - { id: sea, prompt: waves, takes: 2 }',
      '  - { id: cliff, prompt: rocks, takes: 2 }',
      '  - { id: storm, prompt: thunder, first_frame: { from: sea } }',
      '  - { id: fall, prompt: stones, takes: 2, first_frame: { from: cliff } }',
    ];
    const { manifest } = await writeManifest(server.baseUrl, shots.join('\n'));
    const withTool = { ...env, ...(await standIn()) };
    await cli(['run', manifest, '--approve'], { env: withTool });
    const requests = server.requests.length;
    const picked = await cli(['pick', manifest, 'sea@2', 'cliff@1', '--approve'], { env: withTool });
    expect(picked.stdout).toBe(
      [
        '  sea@2',
        '  cliff@1',
        '2 shots picked',
        'Unblocks  storm, fall@1, fall@2: up to $0.36',
        `Next  dailies run ${manifest} --approve  buys 3 takes, up to $0.36`,
        '',
      ].join('\n'),
    );
    const back = await cli(['pick', manifest, '--clear', 'cliff', '--approve'], { env: withTool });
    expect(back.stdout).toBe(
      `  sea@2\n1 shot picked\nWaiting   2 takes for other picks\nNext  dailies run ${manifest} --approve  buys 1 take, up to $0.12\n`,
    );
    const json = await cli(['pick', manifest, 'cliff@2', '--approve', '--format', 'json'], { env: withTool });
    expect(JSON.parse(json.stdout)).toMatchObject({
      picks: { sea: 2, cliff: 2 },
      unblocks: [
        { id: 'fall', take: 1 },
        { id: 'fall', take: 2 },
      ],
      cost: { max_usd: 0.24 },
      next: { max_usd: 0.36 },
    });
    // A pick asks nobody, and works where the gateway does not.
    expect(server.requests).toHaveLength(requests);
    expect(await cli(['run', manifest, '--approve'], { env: withTool })).toMatchObject({ exitCode: 0 });
  });

  it('pick takes by name and from files, and take picks back', async () => {
    const { folder, manifest } = await writeManifest(
      server.baseUrl,
      '  - { id: sea, prompt: waves, takes: 2 }\n  - { id: cliff, prompt: rocks }',
    );
    await cli(['run', manifest], { env });
    const picked = async (...words: readonly string[]) => {
      const { stdout, stderr, exitCode } = await cli(['pick', manifest, ...words, '--format', 'json'], {
        env,
      });
      return exitCode === 0 ? (JSON.parse(stdout) as { picks: object }).picks : { exitCode, stderr };
    };
    expect(await picked('sea@2', 'cliff@1')).toEqual({ sea: 2, cliff: 1 });
    expect(await picked('--clear', 'cliff')).toEqual({ sea: 2 });
    const file = join(folder, 'picks.json');
    await writeFile(file, '{"version":1,"project":"film","picks":{"sea":1}}');
    expect(await picked('cliff@1', file)).toEqual({ sea: 1, cliff: 1 });
    expect(await picked('sea@2', '--clear')).toEqual({ sea: 2 });
    expect(await picked('--clear')).toEqual({});
    expect(await picked('sae@1')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('did you mean sea?') as string,
    });
    expect(await picked('sea@3')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('choose a take from 1 to 2') as string,
    });
    expect(await picked('sea')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('name it: sea@1') as string,
    });
    expect(await picked()).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('name takes (platform@2)') as string,
    });
    const { stdout } = await cli(['pick', manifest, 'sea@2'], { env });
    expect(stdout).toBe('  sea@2\n1 shot picked\nThe next run buys nothing\n');
  });

  it('remove clips when --yes is typed, and not because the environment lets a run spend', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, TWO);
    await cli(['run', manifest, '--only', 'sea'], { env });
    server.autoComplete(await makeClip({ color: [1, 2, 3] }));
    await cli(['run', manifest, '--rerender', 'sea'], { env });
    const store = join(folder, '.dailies/clips');
    const clips = async () =>
      (await readdir(store, { recursive: true })).filter((name) => name.endsWith('.mp4')).length;
    expect(await clips()).toBe(2);
    const listed = await cli(['prune', manifest], { env: { ...env, DAILIES_YES: '1' } });
    expect(listed.stdout).toContain('removes them');
    expect(await clips()).toBe(2);
    const removed = await cli(['prune', manifest, '--yes'], { env });
    expect(removed.stdout).toContain('removed 1 clip');
    expect(await clips()).toBe(1);
  });

  it('tell a clip whose file was removed from one that was never begun', async () => {
    const { folder, manifest } = await writeManifest(server.baseUrl, TWO);
    await cli(['run', manifest, '--only', 'sea'], { env });
    await rm(join(folder, 'renders/film/sea/sea.mp4'));
    await rm(join(folder, '.dailies/clips'), { recursive: true });
    const status = await cli(['status', manifest], { env });
    expect(status.stdout).toMatch(
      /sea +to download .*\$0\.12 +its file is missing; the next run fetches it again/,
    );
    expect(status.stdout).toMatch(/storm +not begun/);
    expect(status.stdout).toContain('1 to download, 1 not begun\nSpent $0.12\n');
    await cli(['sheet', manifest], { env });
    const report: unknown = JSON.parse(await readFile(join(folder, 'renders/film/report.json'), 'utf8'));
    expect(report).toMatchObject({
      takes: [
        {
          state: 'completed',
          cost_usd: 0.12,
          outputs: [],
          message: expect.stringMatching('missing') as unknown,
        },
        { state: 'missing' },
      ],
    });
    await cli(['run', manifest, '--only', 'sea'], { env });
    expect(server.counters.posts).toBe(1);
  });

  it.each([
    [
      '{"version":2,"picks":{"sea":1}}',
      /was written by a newer dailies \(version 2\)\n {2}hint: update dailies/,
    ],
    [
      '{"version":1,"project":"other","picks":{"sea":1}}',
      /has the picks of the project "other", .* is of "film"/,
    ],
    ['{"picks":{"sea":1}}', /has no picks in it\n {2}hint: export them/],
    ['[]', /has no picks in it/],
    ['null', /has no picks in it/],
    [
      undefined,
      /there is no file .*\n {2}hint: check the path: browsers save the exported picks to Downloads/,
    ],
  ])('take no picks from %s', async (text, problem) => {
    const { folder, manifest } = await writeManifest(server.baseUrl, TWO);
    const file = join(folder, 'picks.json');
    if (text !== undefined) await writeFile(file, text);
    const { exitCode, stderr } = await cli(['pick', manifest, file], { env });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(problem);
  });

  it('validate a manifest against the live catalogue', async () => {
    const { manifest } = await writeManifest(server.baseUrl, '  - { id: sea, prompt: waves, duration: 5 }');
    const { exitCode, stdout, stderr } = await cli(['validate', manifest]);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('duration-unsupported');
    expect(stderr).toMatch(/^1 error in .*film\.yaml\. Nothing was submitted\.$/m);
    const json = await cli(['validate', manifest, '--format', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ diagnostics: [{ code: 'duration-unsupported' }] });
  });

  it('list the models of a gateway, and all of one', async () => {
    const all = await cli(['models', '--gateway', server.baseUrl]);
    expect(all.stdout).toMatch(/^google\/veo-3\.1-lite .*\$0\.\d\d/m);
    const one = await cli(['models', 'google/veo-3.1-lite', '--gateway', server.baseUrl]);
    expect(one.stdout).toMatch(/^ {2}durations +4, 6, 8 s$/m);
    for (const near of ['google/veo-3.1-light', 'veo-3.1-light', 'Googel/veo-3.1-lite']) {
      const none = await cli(['models', near, '--gateway', server.baseUrl]);
      expect(none).toMatchObject({ exitCode: 2 });
      expect(none.stderr).toContain('did you mean google/veo-3.1-lite?');
    }
  });

  it('list the models that all words are found in, by price or name', async () => {
    const listed = async (...words: readonly string[]) => {
      const { stdout } = await cli(['models', ...words, '--format', 'json', '--gateway', server.baseUrl]);
      return (JSON.parse(stdout) as { readonly models: readonly ModelListing[] }).models;
    };
    const ids = (models: readonly ModelListing[]) => models.map(({ model }) => model.id);
    expect(ids(await listed('veo-3.1-lit'))).toEqual(['google/veo-3.1-lite']);
    const all = await listed();
    const wide = await listed('IMAGE', '1080p');
    expect(wide.length).toBeGreaterThan(2);
    expect(wide.length).toBeLessThan(all.length);
    for (const { model, modes } of wide) {
      expect(modes).toContain('image-to-video');
      expect(model.supported_resolutions).toContain('1080p');
    }
    expect(ids(await listed('--sort', 'name'))).toEqual(ids(all).toSorted());
    const prices = (await listed('--sort', 'price')).map(
      ({ estimate }) => estimate?.expected_usd ?? Infinity,
    );
    expect(prices).toEqual(prices.toSorted((a, b) => a - b || 0));
    expect(prices).toHaveLength(all.length);
    const none = await cli(['models', 'image', '17k', '--gateway', server.baseUrl]);
    expect(none.stderr).toMatch(/the gateway lists no model image 17k\n.*dailies models lists them all/);
  });
});

describe('dailies doctor', () => {
  it('finds nothing to say about a setup that works, and never shows the key', async () => {
    const { exitCode, stdout } = await cli(['doctor', '--gateway', server.baseUrl], {
      env: { DAILIES_API_KEY: KEY },
    });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/✓ gateway .* answers, with \d+ models/);
    expect(stdout).toContain('✓ key      DAILIES_API_KEY is accepted; it has used $12.50 of $50.00');
    expect(stdout).toContain('✓ clock    agrees with the gateway');
    expect(stdout).not.toContain(KEY);
  });

  it('says what is wrong, and the fix', async () => {
    const wrong = await cli(['doctor', '--gateway', server.baseUrl], {
      env: { DAILIES_API_KEY: 'sk-wrong-987654321' },
    });
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stdout).toMatch(/✗ key +DAILIES_API_KEY is refused: .*\n +fix: check that the key/);
    expect(wrong.stdout).not.toContain('sk-wrong');
    const nobody = await cli(['doctor', '--gateway', 'http://127.0.0.1:9/api/v1', '--format', 'json']);
    expect(nobody.exitCode).toBe(1);
    const { checks } = JSON.parse(nobody.stdout) as { readonly checks: readonly { readonly name: string }[] };
    expect(checks.find(({ name }) => name === 'gateway')).toMatchObject({ status: 'problem' });
  });

  it('finds a proxy that is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-doctor-'));
    const { exitCode, stdout } = await cli(['doctor'], {
      env: { HTTPS_PROXY: 'socks5://127.0.0.1:9', HOME: folder },
    });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/✗ proxy .*\n +fix: it should look like http:/);
  });
});
