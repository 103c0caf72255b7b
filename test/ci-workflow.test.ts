import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { PlanRow } from '../src/domain/plan.js';

interface Step {
  readonly run?: string;
  readonly with?: { readonly script?: string };
}

const page = readFileSync(resolve(import.meta.dirname, '../docs/ci.md'), 'utf8');
const workflow = parse(/```yaml\n([^]*?)```/.exec(page)?.[1] ?? '') as {
  readonly jobs: Readonly<Record<'plan' | 'render', { readonly steps: readonly Step[] }>>;
};
const scripts = workflow.jobs.render.steps.flatMap(({ run }) => run ?? []);
const scriptWith = (words: string) => scripts.find((script) => script.includes(words)) ?? 'exit 9';
const record = scriptWith('git commit');
const guard = scriptWith('ls-remote');

describe('the render job of docs/ci.md', () => {
  it('records what was bought though somebody pushed meanwhile', () => {
    const { runner, other, origin } = twoClones();
    other.commit('notes.txt', 'pushed during the render');
    runner.write('teaser.lock.json', '{ "bought": 1 }');
    runner.write('teaser.lock.journal', 'a line');
    expect(runner.bash(record)).toMatchObject({ status: 0 });
    expect(origin.show('main:film/teaser.lock.json')).toBe('{ "bought": 1 }');
    expect(origin.show('main:film/teaser.lock.journal')).toBe('a line');
    expect(origin.show('main:film/notes.txt')).toBe('pushed during the render');
  });

  it('puts the record on a branch of its own where both wrote the lockfile, and buys no more before it is brought in', () => {
    const { runner, other, origin } = twoClones();
    expect(runner.bash(guard)).toMatchObject({ status: 0 });
    other.commit('teaser.lock.json', '{ "bought": "by the other" }');
    runner.write('teaser.lock.json', '{ "bought": 1 }');
    const { status, stdout } = runner.bash(record);
    expect(status).toBe(1);
    expect(stdout).toContain('::error::The record is on branch dailies-record-77');
    expect(origin.show('main:film/teaser.lock.json')).toBe('{ "bought": "by the other" }');
    expect(origin.show('dailies-record-77:film/teaser.lock.json')).toBe('{ "bought": 1 }');
    expect(runner.bash(guard)).toMatchObject({ status: 1 });
  });

  it('has nothing to record where the run ended before it began', () => {
    const { runner } = twoClones();
    expect(runner.bash(record)).toMatchObject({ status: 0 });
  });
});

describe('the comment of the plan job of docs/ci.md', () => {
  it('names what has no price, and leaves out what nothing is to be done about', async () => {
    const row = (
      id: string,
      action: PlanRow['action'],
      usd: number | null,
      more: Partial<PlanRow> = {},
    ): PlanRow => {
      const bounds = {
        min_usd: usd ?? 0,
        expected_usd: usd ?? 0,
        max_usd: usd ?? 0,
        sku: null,
        inferred: false,
      };
      return {
        id,
        take: 1,
        action,
        reasons: ['new'],
        model: 'm',
        estimate: usd === null ? null : bounds,
        ...more,
      };
    };
    const shots = [
      row('sea', 'render', 0.1 + 0.2),
      row('new', 'render', null),
      row('cut', 'render', 0.5, { blocked_by: 'harbor' }),
      row('harbor', 'held', 0),
      row('tide', 'resume', 0),
      row('old', 'orphan', 0),
      row('done', 'reuse', 0),
    ];
    const total = { min_usd: 0.3, expected_usd: 0.1 + 0.2, max_usd: 0.1 + 0.2, unpriced: 1 };
    expect(await commentOn({ shots, total })).toBe(
      [
        'This would spend **$0.30**, at most $0.30, and 1 of unknown price.',
        '',
        '| shot | take | | why | at most |',
        '| --- | --- | --- | --- | --- |',
        '| sea | 1 | render | new | $0.30 |',
        '| new | 1 | render | new | unpriced |',
        '| cut | 1 | render | new | waits for harbor |',
        '| harbor | 1 | held | new | held |',
        '| tide | 1 | resume | new | free |',
      ].join('\n'),
    );
  });
});

/** What the script would write below a pull request. */
async function commentOn(plan: unknown): Promise<string> {
  const script = workflow.jobs.plan.steps.flatMap((step) => step.with?.script ?? [])[0] ?? '';
  // Made as github-script makes it: the text of the workflow is the body of an async function.
  const work = compileFunction(`return (async () => { ${script} })()`, ['require', 'github', 'context']) as (
    ...given: readonly unknown[]
  ) => Promise<void>;
  const bodies: string[] = [];
  const createComment = ({ body }: { readonly body: string }) => bodies.push(body);
  await work(() => plan, { rest: { issues: { createComment } } }, { repo: {}, issue: { number: 1 } });
  return bodies.join();
}

/** A bare repository with two clones of it: the machine that renders, as shallow as a checkout is, and somebody's. */
function twoClones() {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-ci-'));
  cpSync(clonesMadeOnce(), folder, { recursive: true });
  const clone = (name: string) => {
    const root = join(folder, name);
    bash(root, `git remote set-url origin file://${folder}/origin.git`);
    const write = (file: string, text: string) => writeFileSync(join(root, 'film', file), text);
    return {
      write,
      bash: (script: string) => bash(root, script),
      commit: (file: string, text: string) => {
        write(file, text);
        bash(root, "git add film && git commit -qm 'By hand' && git push -q origin HEAD:main");
      },
    };
  };
  return {
    runner: clone('runner'),
    other: clone('other'),
    origin: { show: (what: string) => bash(join(folder, 'origin.git'), `git show '${what}'`).stdout },
  };
}

let made: string | undefined;

/** The clones that those of each test are copies of: git takes long to make them. */
function clonesMadeOnce(): string {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), 'dailies-ci-'));
  bash(
    folder,
    `git init -q --bare -b main origin.git && git clone -q file://$PWD/origin.git other && mkdir other/film
     cd other && echo 'version: 1' > film/teaser.yaml && git add film && git commit -qm 'By hand' && git push -q origin HEAD:main
     cd .. && git clone -q --depth=1 --branch=main file://$PWD/origin.git runner`,
  );
  return (made = folder);
}

/** As a step runs, but that it does not sleep between its tries. */
function bash(cwd: string, script: string) {
  const by = { NAME: 'Anna', EMAIL: 'anna@example.com' };
  return spawnSync('bash', ['-e', '-c', `sleep() { :; }\n${script}`], {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: by.NAME,
      GIT_AUTHOR_EMAIL: by.EMAIL,
      GIT_COMMITTER_NAME: by.NAME,
      GIT_COMMITTER_EMAIL: by.EMAIL,
      GITHUB_RUN_ID: '77',
      GITHUB_REF_NAME: 'main',
    },
  });
}
