import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainSettings, plainText } from '../../src/domain/plain-settings.js';

describe('the one spelling of a prompt', () => {
  it.each([
    ['white space at its end', 'waves at night \n\n'],
    ['white space at the ends of its lines', 'waves  at night'.replace('  ', ' ') + '\t'],
    ['another form of the same letters', 'wave\u0073 at night'],
    ['no-break space at its end', 'waves at night\u00a0'],
  ])('is the same with %s', (_, prompt) => {
    expect(plainSettings({ prompt })).toEqual({ prompt: 'waves at night' });
  });

  it('composes letters, and breaks lines as Unix does', () => {
    expect(plainText('cafe\u0301 \r\nby the sea\rat dusk')).toBe('caf\u00e9\nby the sea\nat dusk');
  });

  it('keeps what can be seen: letters, white space within and before', () => {
    const text = '  A  sign reads: "Ⅳ ﬁn"\n\n  and\tfades';
    expect(plainText(text)).toBe(text);
  });

  it('is plain already', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => plainText(plainText(text)) === plainText(text)),
    );
  });
});

describe('the one spelling of provider parameters', () => {
  it.each([
    [{}],
    [{ options: {} }],
    [{ options: { 'google-vertex': {} } }],
    [{ options: { 'google-vertex': { parameters: {} }, other: {} } }],
  ])('is none for %j', (provider) => {
    expect(plainSettings({ prompt: 'p', provider })).toEqual({ prompt: 'p' });
  });

  it('keeps who may serve the request as it is written', () => {
    const provider = { only: [], order: ['a', 'b'], allow_fallbacks: false };
    expect(plainSettings({ provider: { ...provider, options: {} } })).toEqual({ provider });
  });

  it('has no trace where the trace says nothing', () => {
    expect(plainSettings({ prompt: 'p', trace: {} })).toEqual({ prompt: 'p' });
    expect(plainSettings({ trace: { trace_id: '' } })).toEqual({ trace: { trace_id: '' } });
  });

  it('keeps each parameter, empty ones too', () => {
    const provider = { options: { a: { style: {}, text: ' x ' }, b: { parameters: { z: 1 } }, c: {} } };
    expect(plainSettings({ provider }).provider).toEqual({
      options: { a: { style: {}, text: ' x ' }, b: { parameters: { z: 1 } } },
    });
  });
});
