import { describe, expect, it } from 'vitest';
import type { ShotSettings } from '../../src/domain/fields.js';
import { fingerprint, recordRequest, wireRequest, type Order } from '../../src/shot/order.js';
import { isSigned, unsignedUrl } from '../../src/domain/unsigned-url.js';
import { makeTake } from '../helpers/takes.js';

const withUrl = (url: string): Order => ({
  take: makeTake('sea'),
  frames: [{ frame_type: 'first_frame', input: { kind: 'url', url } }],
  references: [],
});
const withFile = (path: string, sha256: string): Order => ({
  take: makeTake('sea'),
  frames: [],
  references: [{ media: 'image', input: { kind: 'file', path, sha256, mime: 'image/png' } }],
});

describe('a fingerprint', () => {
  it('is the same for the same picture under another name', () => {
    const sea = { take: makeTake('sea', { prompt: 'waves' }), frames: [], references: [] };
    const ocean = {
      take: makeTake('ocean', { prompt: 'waves', take: 2, takes: 2 }),
      frames: [],
      references: [],
    };
    expect(fingerprint(sea)).toBe(fingerprint(ocean));
  });

  it('counts a local input by its content, not by its path', () => {
    expect(fingerprint(withFile('a.png', 'one'))).toBe(fingerprint(withFile('b.png', 'one')));
    expect(fingerprint(withFile('a.png', 'one'))).not.toBe(fingerprint(withFile('a.png', 'two')));
  });

  it('counts a remote input by its address without the signature', () => {
    const signed = 'https://bucket.example.com/a.png?v=2&X-Amz-Signature=abc&X-Amz-Expires=60';
    const signedLater = 'https://bucket.example.com/a.png?v=2&X-Amz-Signature=def&X-Amz-Expires=60';
    expect(fingerprint(withUrl(signed))).toBe(fingerprint(withUrl(signedLater)));
    expect(fingerprint(withUrl(signed))).not.toBe(
      fingerprint(withUrl('https://bucket.example.com/a.png?v=3')),
    );
  });

  it.each([
    ['the case of the host', 'https://Bucket.Example.com/a.png'],
    ['a default port', 'https://bucket.example.com:443/a.png'],
    ['an empty query', 'https://bucket.example.com/a.png?'],
    ['a fragment', 'https://bucket.example.com/a.png#t=1'],
    ['a query of nothing but a signature', 'https://bucket.example.com/a.png?X-Amz-Signature=abc'],
  ])('does not count %s in an address', (_, url) => {
    expect(fingerprint(withUrl(url))).toBe(fingerprint(withUrl('https://bucket.example.com/a.png')));
  });

  it.each(['callback_url', 'session_id', 'user', 'trace'] as const)('does not count %s', (field) => {
    const take = makeTake('sea');
    const order = { take, frames: [], references: [] };
    const other = {
      ...order,
      take: {
        ...take,
        settings: { ...take.settings, [field]: field === 'trace' ? { id: 'x' } : 'https://x.example' },
      },
    };
    expect(fingerprint(order)).toBe(fingerprint(other));
  });

  it('counts the options of a provider, and not who may serve', () => {
    const options = { acme: { style: 'raw' } };
    const withProvider = (provider: ShotSettings['provider'] & object) => {
      const { settings } = makeTake('sea');
      return fingerprint({ take: { settings: { ...settings, provider } }, frames: [], references: [] });
    };
    const known = withProvider({ options });
    expect(withProvider({ options, only: ['acme'], order: [], sort: 'price' })).toBe(known);
    expect(withProvider({ only: ['acme'] })).toBe(
      fingerprint({ take: makeTake('sea'), frames: [], references: [] }),
    );
  });

  it.each([
    ['model', 'acme/two'],
    ['prompt', 'another'],
    ['duration', 8],
    ['seed', 7],
    ['generate_audio', false],
    ['provider', { options: { acme: { style: 'raw' } } }],
  ])('counts %s', (field, value) => {
    const take = makeTake('sea');
    const order = { take, frames: [], references: [] };
    const other = { ...order, take: { ...take, settings: { ...take.settings, [field]: value } } };
    expect(fingerprint(order)).not.toBe(fingerprint(other));
  });
});

describe('a request', () => {
  it('is kept without what signs its inputs', () => {
    const kept = recordRequest(
      withUrl('https://user:pass@example.com/a.png?token=secret&v=1#x'),
      () => undefined,
    );
    expect(JSON.stringify(kept)).not.toMatch(/secret|pass/);
    expect(kept.frame_images?.[0]?.input).toEqual({ url: 'https://example.com/a.png?v=1' });
  });

  it('goes over the wire with the address as it was given', () => {
    const url = 'https://example.com/a.png?token=secret';
    const wire = wireRequest(withUrl(url), (input) => (input.kind === 'url' ? input.url : ''));
    expect(wire.frame_images).toEqual([{ type: 'image_url', image_url: { url }, frame_type: 'first_frame' }]);
  });
});

describe('a signed URL', () => {
  it.each([
    'https://a.example/x?X-Amz-Signature=1',
    'https://a.example/x?X-Goog-Signature=1',
    'https://a.example/x?sv=2024&sig=1',
    'https://a.example/x?Expires=1&Signature=2&Key-Pair-Id=3',
    'https://me:secret@a.example/x',
  ])('is told by what signs it: %s', (url) => {
    expect(isSigned(url)).toBe(true);
    expect(unsignedUrl(url)).toBe('https://a.example/x');
  });

  it('is not one that merely has parameters', () => {
    expect(isSigned('https://a.example/x?width=100&sr=2')).toBe(false);
  });
});
