import { expect, it } from 'vitest';
import { diskError, diskRefusal } from '../src/disk-error.js';

const refused = (code: string) => Object.assign(new Error(`${code}: no`), { code });

it.each([
  ['read', 'EACCES', 'readable'],
  ['looked at', 'EPERM', 'readable'],
  ['written', 'EACCES', 'writable'],
  ['made', 'EROFS', 'writable'],
  ['made', 'EEXIST', 'move the file away'],
  ['made', 'ENOTDIR', 'move that file away'],
  ['written', 'ENAMETOOLONG', 'shorter name'],
  ['read', 'ENOENT', 'check the path'],
])('has a remedy where a file could not be %s because of %s', (doing, code, remedy) => {
  const error = diskError({ path: '/film/film.lock.json', doing, cause: refused(code) });
  expect(error.message).toMatch(new RegExp(`^film\\.lock\\.json could not be ${doing}: .* \\(${code}\\)$`));
  expect(error.hint).toContain(remedy);
});

it('repeats what the system says where it says something unheard of', () => {
  const refusal = diskRefusal({ path: 'a.yaml', doing: 'read', cause: refused('EWEIRD') });
  expect(refusal).toEqual({ why: 'EWEIRD: no', hint: 'look at a.yaml' });
});
