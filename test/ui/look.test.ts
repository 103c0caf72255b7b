import { describe, expect, it } from 'vitest';
import { allowsRedraw, detectLook, palette } from '../../src/ui/look.js';

const terminal = { isTTY: true, columns: 90 };

describe('detectLook', () => {
  it('colours a terminal, and no file', () => {
    expect(detectLook(terminal, { LANG: 'en_US.UTF-8' }, 'linux')).toEqual({
      color: true,
      unicode: true,
      width: 90,
    });
    expect(detectLook({}, { LANG: 'en_US.UTF-8' }, 'linux')).toEqual({
      color: false,
      unicode: true,
      width: Infinity,
    });
  });

  it.each([
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '' }, true],
    [{ TERM: 'dumb' }, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '0' }, false],
  ])('with %j colour is %s', (env, color) => {
    expect(detectLook(terminal, env, 'linux').color).toBe(color);
  });

  it('writes plain ASCII where the locale has no UTF-8', () => {
    expect(detectLook(terminal, { LANG: 'C' }, 'linux').unicode).toBe(false);
    expect(detectLook(terminal, {}, 'linux').unicode).toBe(false);
    expect(detectLook(terminal, { LANG: 'en_US.UTF-8', LC_ALL: 'C' }, 'linux').unicode).toBe(false);
    expect(detectLook(terminal, { LANG: 'C.utf8' }, 'linux').unicode).toBe(true);
    expect(detectLook(terminal, { WT_SESSION: 'x' }, 'win32').unicode).toBe(true);
  });

  it.each([
    [undefined, 80],
    [0, 80],
    [7, 20],
    [120, 120],
  ])('takes %s columns for %i', (columns, width) => {
    expect(detectLook({ isTTY: true, columns }, {}, 'linux').width).toBe(width);
  });

  it('draws over lines in a terminal that can', () => {
    expect(allowsRedraw(terminal, {})).toBe(true);
    expect(allowsRedraw(terminal, { TERM: 'dumb' })).toBe(false);
    expect(allowsRedraw({}, {})).toBe(false);
  });

  it('adds nothing to a text without colour', () => {
    expect(palette(false).red('failed')).toBe('failed');
    expect(palette(true).red('failed')).toBe('\x1b[31mfailed\x1b[39m');
  });
});
