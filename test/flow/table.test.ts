import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManifestError } from '../../src/errors.js';
import { batchDocument, projectOf, revisionOf } from '../../src/flow/batch/batch-document.js';
import { cli } from '../helpers/cli.js';
import { orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();

const manifest = (from = 'rows.csv') => `version: 1
project: film
gateway: { base_url: "${server.baseUrl}", api_key_env: TEST_KEY }
poll: { interval: 0.02, timeout: 20 }
shots:
  from: ${from}
  model: google/veo-3.1-lite
  duration: 4
  resolution: 720p
  generate_audio: false
  prompt: "{{product}}, a sign says {{greeting}}"
`;
const ROWS = ['id,product,greeting', 'de,a bag,Hallo', 'fr,a bag,Salut', 'it,a bag,Ciao'];

async function filmOf(rows: readonly string[], text = manifest()): Promise<TestProject> {
  const film = await makeProject({ baseUrl: server.baseUrl }, text);
  await writeRows(film, rows);
  return film;
}

const writeRows = (film: TestProject, rows: readonly string[]) =>
  writeFile(join(film.folder, 'rows.csv'), rows.join('\n'));
const prompts = () => server.jobs.map(({ body }) => body['prompt']);

describe('a project whose shots are the rows of a table', () => {
  it('renders a changed row again, and no other, wherever its rows are moved', async () => {
    server.autoComplete(clip);
    const film = await filmOf(ROWS);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { delivered: 3 } });
    const [head = '', de = '', fr = '', it_ = ''] = ROWS;
    await writeRows(film, [head, 'es,a bag,Hola', it_, fr.replace('Salut', 'Bonjour'), de]);
    const plan = await film.plan();
    expect(plan.shots.map(({ id, action, reasons }) => [id, action, ...reasons])).toEqual([
      ['es', 'render', 'new'],
      ['it', 'reuse', 'delivered'],
      ['fr', 'rerender', 'prompt changed'],
      ['de', 'reuse', 'delivered'],
    ]);
    expect(await film.run()).toMatchObject({ counts: { submitted: 2, reused: 2 } });
    expect(prompts().slice(3).toSorted()).toEqual(['a bag, a sign says Bonjour', 'a bag, a sign says Hola']);
  });

  it('reads no table outside of its folder, not even through a link, nor what is no file', async () => {
    const elsewhere = join(await mkdtemp(join(tmpdir(), 'dailies-else-')), 'rows.csv');
    await writeFile(elsewhere, ROWS.join('\n'));
    const film = await filmOf(ROWS);
    await rm(join(film.folder, 'rows.csv'));
    const codes = async () => {
      const error: unknown = await film.load().catch((reason: unknown) => reason);
      return error instanceof ManifestError ? error.diagnostics.map(({ code }) => code) : error;
    };
    expect(await codes()).toEqual(['file-missing']);
    await symlink(elsewhere, join(film.folder, 'rows.csv'));
    expect(await codes()).toEqual(['path-outside']);
    await rm(join(film.folder, 'rows.csv'));
    await mkdir(join(film.folder, 'rows.csv'));
    expect(await codes()).toEqual(['file-unreadable']);
    await film.write(manifest('/etc/passwd'));
    expect(await codes()).toEqual(['path-outside']);
  });

  it('is planned on another machine from the table as it was when it was enqueued', async () => {
    const film = await filmOf(ROWS);
    const project = await film.load();
    const document: unknown = JSON.parse(JSON.stringify(batchDocument(project, {}, 'film.yaml')));
    await rm(join(film.folder, 'rows.csv'));
    const { target, paths, env, clock } = project;
    const there = projectOf(document, { target, paths, env, clock }).project;
    expect(there.manifest.takes).toEqual(project.manifest.takes);
    expect(revisionOf(there)).toBe(revisionOf(project));
    await writeRows(film, ROWS.with(1, 'de,a bag,Servus'));
    expect(revisionOf(await film.load())).not.toBe(revisionOf(project));
  });

  it('shows the row that is wrong, and none of its manifest in the place of the row', async () => {
    const film = await filmOf([...ROWS, 'pt,,Olá']);
    const { exitCode, stderr } = await cli(['validate', film.manifest, '--offline']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('rows.csv:5:1');
    expect(stderr).toContain('the row has no product');
    expect(stderr).not.toContain('poll:');
    const json = await cli(['validate', film.manifest, '--offline', '--format', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ diagnostics: [{ at: { line: 5 } }] });
  });

  it('completes the ids of its rows', async () => {
    const film = await filmOf(ROWS);
    const { stdout } = await cli(['completion', 'shots', film.manifest]);
    expect(stdout.trim().split('\n')).toEqual(['de', 'fr', 'it']);
  });
});
