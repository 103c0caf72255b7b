import { readFileSync, readdirSync } from 'node:fs';
import { cp, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { planProject, validateProject } from '../../src/flow/plan/plan.js';
import { loadProject } from '../../src/flow/project/project.js';
import { buys } from '../../src/domain/plan.js';
import { fcpxmlFaults } from '../cut/fcpxml-grammar.js';
import { readXml } from '../cut/read-xml.js';
import { cli } from '../helpers/cli.js';
import { standIn } from './films.js';

const RECIPES = 'examples/recipes';
const text = readFileSync('docs/recipes.md', 'utf8');
const names = readdirSync(RECIPES).filter((name) => name.endsWith('.yaml'));

/** What the page says of a recipe: how much is bought at first, and the manifest as it is quoted. */
function quoted(name: string): { readonly amount: string; readonly manifest: string } {
  const link = `[${RECIPES}/${name}](../${RECIPES}/${name}): `;
  const [, after = ''] = text.split(link);
  const [amount = '', manifest = ''] = after.split(/\n\n```yaml\n|```\n/, 2);
  return { amount, manifest };
}

let folder: string;
beforeAll(async () => {
  // Plans keep a catalogue beside the manifest.
  folder = await mkdtemp(join(tmpdir(), 'dailies-recipes-'));
  await cp(RECIPES, folder, { recursive: true });
});

describe('the recipes', () => {
  it('are ten and more, and the page has them all', () => {
    expect(names.length).toBeGreaterThanOrEqual(10);
    const linked = [...text.matchAll(/^\[examples\/recipes\/(.+?)\]/gm)].map(([, name]) => name);
    expect(linked.toSorted()).toEqual(names.toSorted());
  });

  it.each(names)('%s is quoted as it stands', async (name) => {
    expect(quoted(name).manifest).toBe(await readFile(join(RECIPES, name), 'utf8'));
  });

  it.each(names)('%s can be rendered as it stands, for what the page says', async (name) => {
    const env = await standIn();
    const project = await loadProject({ manifest: join(folder, name), gateway: 'sandbox', env });
    expect(await validateProject(project)).toEqual([]);
    const plan = await planProject(project);
    expect(plan.diagnostics).toEqual([]);
    const bought = plan.shots.filter((row) => buys(row.action) && row.blocked_by === undefined);
    const amount = `${bought.length} clips, $${plan.total.expected_usd.toFixed(2)}`;
    expect(quoted(name).amount).toMatch(new RegExp(`^${amount.replaceAll(/[$.]/g, String.raw`\$&`)}[ .]`));
    expect(plan.total.max_usd).toBeLessThanOrEqual(plan.budget_usd ?? Infinity);
  });

  it('are run by commands that exist, with options that they have', async () => {
    const commands = [...text.matchAll(/^dailies (\S+) (.*)$/gm)];
    expect(commands.length).toBeGreaterThan(20);
    const help = new Map<string, string>();
    for (const [line, command = '', rest = ''] of commands) {
      if (!help.has(command)) help.set(command, (await cli([command, '--help'])).stdout);
      for (const [option] of rest.matchAll(/--[a-z-]+/g))
        expect(help.get(command), line).toMatch(new RegExp(`^ .*${option}\\b`, 'm'));
      const [manifest = ''] = /\S+\.yaml/.exec(rest) ?? [];
      expect([...names, ...names.map((name) => `${RECIPES}/${name}`), ''], line).toContain(manifest);
    }
  });

  it('name shots that there are', async () => {
    for (const [line, manifest = '', ids = ''] of text.matchAll(/(\S+\.yaml).* --(?:only|until) (\S+)/g)) {
      const project = await loadProject({ manifest: join(folder, manifest), gateway: 'sandbox', env: {} });
      const known = project.manifest.takes.flatMap((take) => [take.key, take.shot, take.manifest_id]);
      expect(known, line).toContain(ids);
    }
  });
});

describe('recipes that end in a cut, rehearsed on the sandbox', () => {
  const env = { DAILIES_SANDBOX_SPEED: '1000' };
  const onSandbox = (command: string, name: string, ...words: readonly string[]) =>
    cli([command, join(folder, name), '--gateway', 'sandbox', ...words], { env });

  it('make a spot in five languages from a table', { timeout: 120_000 }, async () => {
    expect(await onSandbox('run', 'five-languages.yaml', '--quiet')).toMatchObject({ exitCode: 0 });
    const made = await onSandbox('assemble', 'five-languages.yaml', '--each', 'lang', '--format', 'json');
    const { films } = JSON.parse(made.stdout) as {
      films: readonly { path: string; clips: number; captions: readonly string[] }[];
    };
    expect(films.map(({ path, clips }) => [basename(path), clips])).toEqual(
      ['de', 'en', 'fr', 'ja', 'pt-BR'].map((lang) => [`five-languages.${lang}.mp4`, 2]),
    );
    expect(
      await readFile(films[3]?.captions.find((path) => path.endsWith('.ja.srt')) ?? '', 'utf8'),
    ).toContain('毎日7時');
  });

  it('hand over a cut before all of it is rendered, and again when it is', { timeout: 120_000 }, async () => {
    const name = 'rough-cut.yaml';
    expect(await onSandbox('run', name, '--only', 'oven', '--quiet')).toMatchObject({ exitCode: 0 });
    const first = await onSandbox('export', name, '--to', 'otio', '--format', 'json');
    expect(JSON.parse(first.stdout)).toMatchObject({ clips: 1, gaps: 2 });
    expect(await onSandbox('run', name, '--quiet')).toMatchObject({ exitCode: 0 });
    expect(await onSandbox('pick', name, 'oven@2')).toMatchObject({ exitCode: 0 });
    const words = ['--to', 'fcpxml', '--sequence', '1920x1080@24', '--media', 'copy', '--format', 'json'];
    const second = await onSandbox('export', name, ...words);
    const { path } = JSON.parse(second.stdout) as { path: string };
    expect(JSON.parse(second.stdout)).toMatchObject({ clips: 3, gaps: 0, copies: 4 });
    expect(fcpxmlFaults(readXml(await readFile(path, 'utf8')).root)).toEqual([]);
  });
});
