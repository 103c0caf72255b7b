import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { cutOf } from '../../src/cut/cut-of.js';
import { findState } from '../../src/flow/batch/state.js';
import { addNote, readNotes, removeNote } from '../../src/flow/commands/notes.js';
import { projectStatus } from '../../src/flow/commands/status.js';
import { outputsOf } from '../../src/domain/attempt.js';
import { orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip));

async function filmWithClip() {
  const film = await makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');
  await film.run();
  const project = await film.load();
  const { state } = await findState(project);
  const [attempt] = state.attempts();
  const sha256 = attempt ? (outputsOf(attempt)[0]?.sha256 ?? '') : '';
  return { ...film, project, state, sha256 };
}

describe('a note', () => {
  it('stays with its clip: beside the lockfile, and in the report', async () => {
    const { project, state, sha256, folder, ...film } = await filmWithClip();
    await Promise.all([
      addNote(project, state, { sha256, at_seconds: 2.5, text: ' too bright ' }),
      addNote(project, state, { sha256, at_seconds: 0.04166, text: 'gull' }),
    ]);
    expect(
      (await readNotes(project)).map(({ shot, take, at_seconds, text }) => [shot, take, at_seconds, text]),
    ).toEqual(
      expect.arrayContaining([
        ['sea', 1, 2.5, 'too bright'],
        ['sea', 1, 0.042, 'gull'],
      ]),
    );
    // A renamed shot has the same clip.
    await film.write('  - { id: shore, prompt: waves }');
    const [take] = (await projectStatus(await film.load())).takes;
    expect(take?.outputs[0]?.notes?.map(({ text }) => text)).toEqual(['gull', 'too bright']);
    const [shot] = cutOf(await projectStatus(await film.load())).shots;
    expect(shot?.shown?.markers.map(({ at_seconds, text }) => [at_seconds, text])).toEqual([
      [0.042, 'gull'],
      [2.5, 'too bright'],
    ]);
    const written: unknown = JSON.parse(await readFile(join(folder, 'film.notes.json'), 'utf8'));
    const schema = JSON.parse(await readFile('schemas/notes.schema.json', 'utf8')) as object;
    expect(new Ajv2020({ strict: false, validateFormats: false }).validate(schema, written)).toBe(true);
    const lines = (await readFile(join(folder, 'film.notes.json'), 'utf8')).split('\n');
    expect(lines.filter((line) => line.includes('"text"'))).toHaveLength(2);
  });

  it('can be taken back', async () => {
    const { project, state, sha256 } = await filmWithClip();
    const { id } = await addNote(project, state, { sha256, at_seconds: 99, text: 'end' });
    expect((await readNotes(project))[0]?.at_seconds).toBe(4);
    await removeNote(project, id);
    await removeNote(project, id);
    expect(await readNotes(project)).toEqual([]);
  });

  it('is about a clip of the project, and has words', async () => {
    const { project, state, sha256 } = await filmWithClip();
    const strange = addNote(project, state, { sha256: '0'.repeat(64), at_seconds: 0, text: 'x' });
    await expect(strange).rejects.toMatchObject({ code: 'clip-missing' });
    await expect(addNote(project, state, { sha256, at_seconds: 0, text: ' ' })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('is never written over a file that cannot be read', async () => {
    const { project, state, sha256, folder } = await filmWithClip();
    for (const content of ['<<<<<<< ours\n', '{ "version": 2, "notes": [] }', '[]']) {
      await writeFile(join(folder, 'film.notes.json'), content);
      const note = addNote(project, state, { sha256, at_seconds: 0, text: 'x' });
      await expect(note).rejects.toMatchObject({ code: 'file-unusable' });
      expect(await readFile(join(folder, 'film.notes.json'), 'utf8')).toBe(content);
    }
  });
});
