import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { USUAL_THRESHOLDS } from '../../src/domain/finding.js';
import { openFindings } from '../../src/store/findings-file.js';

const sha256 = 'a'.repeat(64);
const threshold = USUAL_THRESHOLDS.black;
const about = { sha256, check: 'black', threshold } as const;
const stretches = [{ from_s: 1, to_s: 2.5 }];
const place = async () => join(await mkdtemp(join(tmpdir(), 'dailies-findings-')), 'checks.json');

describe('what checks have found', () => {
  it('is found again by content, check and threshold', async () => {
    const path = await place();
    const findings = await openFindings(path);
    findings.add(stretches, about);
    await findings.save();
    const again = await openFindings(path);
    expect(again.find(sha256, 'black', threshold)).toEqual(stretches);
    expect(again.find(sha256, 'freeze', threshold)).toBeUndefined();
    expect(again.find(sha256, 'black', { ...threshold, seconds: 2 })).toBeUndefined();
    expect(again.find('b'.repeat(64), 'black', threshold)).toBeUndefined();
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['of a later version', JSON.stringify({ version: 2, findings: {} })],
    ['a time without end', `{"version":1,"findings":{"${sha256} black 0.5 0.1":[[0,1e999]]}}`],
    ['backwards', JSON.stringify({ version: 1, findings: { [`${sha256} black 0.5 0.1`]: [[2, 1]] } })],
    ['words', JSON.stringify({ version: 1, findings: { [`${sha256} black 0.5 0.1`]: 'black' } })],
    [
      'too many',
      JSON.stringify({ version: 1, findings: { [`${sha256} black 0.5 0.1`]: Array(101).fill([0, 1]) } }),
    ],
  ])('is nothing where the file is from somebody else: %s', async (_, text) => {
    const path = await place();
    await writeFile(path, text);
    expect((await openFindings(path)).find(sha256, 'black', threshold)).toBeUndefined();
  });

  it('is not read through a link, and not written without news', async () => {
    const path = await place();
    await writeFile(`${path}.other`, 'mine');
    await symlink(`${path}.other`, path);
    const findings = await openFindings(path);
    await findings.save();
    expect(await readFile(`${path}.other`, 'utf8')).toBe('mine');
  });
});
