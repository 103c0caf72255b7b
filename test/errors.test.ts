import { expect, it } from 'vitest';
import { packageError } from '../src/errors.js';

it('a package that is missing is named, with the command that installs it', async () => {
  const name: string = 'a-package-that-nobody-has';
  const cause: unknown = await import(name).catch((error: unknown) => error);
  expect(packageError(name, { code: 'tool-missing', what: 'this', cause })).toMatchObject({
    code: 'tool-missing',
    message: 'this needs the package a-package-that-nobody-has, which is not installed',
    hint: expect.stringContaining('npm install a-package-that-nobody-has') as string,
  });
});
