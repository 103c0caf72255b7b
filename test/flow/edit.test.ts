import { createHash } from 'node:crypto';
import { chmod, readFile, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { draftEdits, readValue, saveDraft } from '../../src/flow/commands/edit.js';
import { planProject } from '../../src/flow/plan/plan.js';
import { orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip));

const film = async () => {
  const project = await makeProject(
    { baseUrl: server.baseUrl },
    '  - { id: sea, prompt: waves } # calm\n  - { id: sky, prompt: clouds }\n',
  );
  const options = { manifest: project.manifest, env: { TEST_KEY: 'sk-test-0123456789' } };
  return { ...project, options, text: await readFile(project.manifest, 'utf8') };
};
const NIGHT = { shot: 'sea', field: 'prompt', value: 'waves at night' };

describe('an edit', () => {
  it('is priced before it is written, and changes nothing but the value', async () => {
    const { options, text, ...project } = await film();
    await project.run();
    const draft = await draftEdits(options, { edits: [NIGHT] });
    const plan = await planProject(draft.project);
    expect(plan.shots.map(({ id, action, reasons }) => [id, action, ...reasons])).toEqual([
      ['sea', 'rerender', 'prompt changed'],
      ['sky', 'reuse', 'delivered'],
    ]);
    expect(plan.total.max_usd).toBeGreaterThan(0);
    expect(await readFile(project.manifest, 'utf8')).toBe(text);

    await chmod(project.manifest, 0o640);
    const saved = await saveDraft(draft);
    const after = await readFile(project.manifest, 'utf8');
    expect(after).toBe(text.replace('prompt: waves', 'prompt: waves at night'));
    expect(saved.version).toBe(createHash('sha256').update(after).digest('hex'));
    expect((await stat(project.manifest)).mode & 0o777).toBe(0o640);
    expect((await readdir(project.folder)).filter((name) => name.includes('tmp'))).toEqual([]);
    expect((await project.plan()).shots[0]?.reasons).toEqual(['prompt changed']);
  });

  it('of several values is one', async () => {
    const { options, text } = await film();
    const edits = [NIGHT, { shot: 'sky', field: 'seed', value: 7 }];
    const draft = await draftEdits(options, { edits });
    expect(draft.changed).toEqual(['sea', 'sky']);
    expect(String(draft.content)).toBe(
      text.replace('waves', 'waves at night').replace('prompt: clouds', 'prompt: clouds, seed: 7'),
    );
  });

  it('is not written over what somebody else has written meanwhile', async () => {
    const { options, text, manifest } = await film();
    const { version } = await readValue(options, NIGHT);
    const draft = await draftEdits(options, { edits: [NIGHT], version });
    await writeFile(manifest, text.replace('calm', 'wild'));
    await expect(saveDraft(draft)).rejects.toMatchObject({ code: 'manifest-changed', exitCode: 3 });
    await expect(draftEdits(options, { edits: [NIGHT], version })).rejects.toMatchObject({
      code: 'manifest-changed',
    });
    expect(await readFile(manifest, 'utf8')).toBe(text.replace('calm', 'wild'));
  });

  it('that validate would refuse is not written', async () => {
    const { options, text, manifest } = await film();
    const long = { shot: 'sea', field: 'duration', value: 7, where: 'here' } as const;
    const draft = await draftEdits(options, { edits: [long] });
    await expect(saveDraft(draft)).rejects.toMatchObject({
      code: 'manifest-invalid',
      diagnostics: [{ code: 'duration-unsupported', at: { line: 8 } }],
    });
    const wrong = draftEdits(options, { edits: [{ ...long, value: 'long' }] });
    await expect(wrong).rejects.toMatchObject({ diagnostics: [{ code: 'wrong-type', at: { line: 8 } }] });
    expect(await readFile(manifest, 'utf8')).toBe(text);
  });

  it('does not go through a link, nor replace one', async () => {
    const { options, text, manifest, folder } = await film();
    const elsewhere = join(folder, 'elsewhere.yaml');
    await rename(manifest, elsewhere);
    await symlink(elsewhere, manifest);
    const draft = await draftEdits(options, { edits: [NIGHT] });
    await expect(saveDraft(draft)).rejects.toMatchObject({
      code: 'disk',
      message: 'film.yaml cannot be edited: it is a symbolic link (ELOOP)',
    });
    expect(await readFile(elsewhere, 'utf8')).toBe(text);
  });
});
