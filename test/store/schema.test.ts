import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { writeLockfile } from '../../src/store/lockfile.js';
import { everyState } from './every-state.js';
import { IDENTITY, live, lockfileOf, newFolder, openIn } from './fixtures.js';

const schema = JSON.parse(
  readFileSync(new URL('../../schemas/lockfile.schema.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);

function faultsIn(path: string): unknown {
  validate(JSON.parse(readFileSync(path, 'utf8')));
  return validate.errors ?? [];
}

describe('schemas/lockfile.schema.json', () => {
  it('describes whatever a lockfile can hold', async () => {
    const path = lockfileOf(newFolder());
    await writeLockfile(path, { ...everyState(), identity: IDENTITY }, ['not-bought-yet']);
    expect(faultsIn(path)).toEqual([]);
  });

  it('describes what a run leaves', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    await live(store, 'greenhouse');
    await live(store, 'harbor', 1);
    await store.setPicks({ greenhouse: { take: 1 } });
    await store.close();
    expect(faultsIn(lockfileOf(folder))).toEqual([]);
  });

  it('knows what does not belong', () => {
    expect(
      validate({
        ...{ version: 1, ...IDENTITY },
        shots: { sea: { takes: {}, pick: 1 } },
      }),
    ).toBe(false);
  });
});
