import { expect, it } from 'vitest';
import { commandLine, fileWord } from '../../src/ui/shell.js';

it('quotes what the shell would split or expand', () => {
  expect(commandLine('dailies', 'run', 'teaser.yaml')).toBe('dailies run teaser.yaml');
  expect(commandLine('dailies', 'run', "my film's.yaml", '--var', 'hero=$HOME')).toBe(
    `dailies run 'my film'\\''s.yaml' --var 'hero=$HOME'`,
  );
});

it('keeps a file whose name begins with a dash from being read as an option', () => {
  expect(['-b.yaml', '--', 'a.yaml', '/-b.yaml'].map(fileWord)).toEqual([
    './-b.yaml',
    './--',
    'a.yaml',
    '/-b.yaml',
  ]);
});
