import { describe, expect, it } from 'vitest';
import { found, onlyTake, read, withShots } from './reading.js';

const LOOPBACK = 'gateway: { base_url: "http://localhost:8080/api/v1" }\n';

function frameOf(text: string, top = ''): unknown {
  return onlyTake(withShots(`  - { id: a, prompt: p, first_frame: ${JSON.stringify(text)} }`, top)).frames[0]
    ?.source;
}

function faultsOf(text: string, top = ''): string[] {
  const parsed = read(withShots(`  - { id: a, prompt: p, first_frame: ${JSON.stringify(text)} }`, top));
  expect(parsed.diagnostics.every(({ at }) => at?.line === 4 + top.split('\n').length - 1)).toBe(true);
  return parsed.diagnostics.map(({ code }) => code);
}

describe('local files', () => {
  it.each([
    ['frames/turn.png', 'frames/turn.png'],
    ['./frames//turn.png', 'frames/turn.png'],
    ['frames\\turn.png', 'frames/turn.png'],
    ['a/../b.png', 'b.png'],
    ['..a/b.png', '..a/b.png'],
    ['./with:colon.png', 'with:colon.png'],
    ['Ünïcödé 1.png', 'Ünïcödé 1.png'],
  ])('%s is %s', (text, path) => {
    expect(frameOf(text)).toEqual({ kind: 'file', path });
  });

  it.each([
    '../x.png',
    '..',
    'a/../../x.png',
    '/etc/x.png',
    '\\x.png',
    '..\\x.png',
    'C:\\x.png',
    'C:x.png',
    '\\\\host\\x.png',
    '//host/x.png',
  ])('%s leads out of the folder', (text) => {
    expect(faultsOf(text)).toEqual(['path-outside']);
  });

  it.each(['.', 'frames/', 'a\u0007.png', 'a\nb.png'])('%j is no file', (text) => {
    expect(faultsOf(text)).toEqual(['invalid-value']);
  });
});

describe('URLs', () => {
  it.each(['https://example.com/a.png?X-Sig=1#f', 'HTTPS://example.com/a.png', 'https://[::1]/a.png'])(
    '%s is taken as it is',
    (url) => {
      expect(frameOf(url)).toEqual({ kind: 'url', url });
    },
  );

  it.each([
    ['http://example.com/a.png', 'insecure-url'],
    ['http://127.0.0.1/a.png', 'insecure-url'],
    ['data:image/png;base64,AAAA', 'unsupported-url'],
    ['file:///etc/passwd', 'unsupported-url'],
    ['ftp://example.com/a.png', 'unsupported-url'],
    ['s3://bucket/a.png', 'unsupported-url'],
    ['https://user:pw@example.com/a.png', 'unsupported-url'],
    ['https://', 'invalid-value'],
    ['https:/example.com/a.png', 'invalid-value'],
    ['https://example.com/a b.png', 'invalid-value'],
  ])('%s is %s', (url, code) => {
    expect(faultsOf(url)).toEqual([code]);
  });

  it.each([
    LOOPBACK,
    'gateway: { base_url: "http://127.1.2.3/v1" }\n',
    'gateway: { base_url: "http://[::1]:1/v1" }\n',
    'gateway: sandbox\n',
  ])('may be http on loopback with %s', (gateway) => {
    for (const host of ['127.0.0.1:81', 'localhost', '[::1]:9']) {
      expect(frameOf(`http://${host}/a.png`, gateway)).toEqual({ kind: 'url', url: `http://${host}/a.png` });
    }
    expect(faultsOf('http://example.com/a.png', gateway)).toEqual(['insecure-url']);
    expect(faultsOf('http://localhost.example.com/a.png', gateway)).toEqual(['insecure-url']);
  });

  it('are judged by the gateway of the command line where there is one', () => {
    const text = withShots('  - { id: a, prompt: p, first_frame: "http://127.0.0.1/a.png" }');
    expect(read(text, { gateway: () => ({ kind: 'sandbox' }) }).manifest?.gateway).toEqual({
      kind: 'sandbox',
    });
    const local = text.replace('defaults', `${LOOPBACK}defaults`);
    expect(found(read(local, { gateway: () => ({ kind: 'openrouter' }) }))).toEqual([
      'insecure-url: "http://127.0.0.1/a.png"',
    ]);
  });
});

describe('references', () => {
  it('know their media', () => {
    const { references } = onlyTake(
      withShots(
        '  - { id: a, prompt: p, references: [a.png, { image: b.png }, { video: "https://e.com/c.mp4" }, { audio: d.mp3 }] }',
      ),
    );
    expect(references).toEqual([
      { media: 'image', source: { kind: 'file', path: 'a.png' } },
      { media: 'image', source: { kind: 'file', path: 'b.png' } },
      { media: 'video', source: { kind: 'url', url: 'https://e.com/c.mp4' } },
      { media: 'audio', source: { kind: 'file', path: 'd.mp3' } },
    ]);
  });

  it('are faulted one by one', () => {
    const parsed = read(
      withShots('  - { id: a, prompt: p, references: [../a.png, b.png, { video: "ftp://c" }] }'),
    );
    expect(found(parsed)).toEqual(['path-outside: ../a.png', 'unsupported-url: "ftp://c"']);
  });
});

describe('callback_url', () => {
  it('is never told to be a local file', () => {
    for (const url of ['http://e.com/done', 'https://me:secret@e.com/done']) {
      const [found] = read(withShots(`  - { id: a, prompt: p, callback_url: "${url}" }`)).diagnostics;
      expect(found?.hint).toMatch(/^use (https|a signed URL)$/);
    }
  });

  it.each([
    ['http://example.com/x', 'insecure-url'],
    ['http://127.0.0.1/x', 'insecure-url'],
    ['ftp://example.com/x', 'unsupported-url'],
    ['hooks/x', 'invalid-value'],
  ])('%s is %s whatever the gateway', (url, code) => {
    for (const gateway of ['', LOOPBACK]) {
      const parsed = read(withShots(`  - { id: a, prompt: p, callback_url: "${url}" }`, gateway));
      expect(found(parsed)).toEqual([`${code}: "${url}"`]);
    }
  });
});

describe('base_url', () => {
  it.each([
    ['http://example.com/v1', 'insecure-url'],
    ['http://10.0.0.1/v1', 'insecure-url'],
    ['ftp://example.com', 'invalid-value'],
    ['example.com/v1', 'invalid-value'],
    ['https://key@example.com/v1', 'invalid-value'],
    ['https://example.com/v1?key=1', 'invalid-value'],
    ['https://example.com/v1#x', 'invalid-value'],
  ])('%s is %s', (url, code) => {
    const parsed = read(
      `version: 1\ngateway: { base_url: "${url}" }\nshots: [{ id: a, model: m, prompt: p }]`,
    );
    expect(found(parsed)).toEqual([`${code}: "${url}"`]);
  });

  it.each([
    'https://me:hunter/2@e.com/v1',
    'https://me:hunter@2@e.com:x/v1',
    'me:hunter2@e.com/v1',
    'sk-hunter2hunter2',
  ])('is told without the secret in %s', (url) => {
    const { diagnostics } = read(
      `version: 1\ngateway: { base_url: "${url}" }\nshots: [{ id: a, model: m, prompt: p }]`,
    );
    expect(diagnostics).toMatchObject([{ hint: expect.stringContaining('api_key_env') as string }]);
    expect(JSON.stringify(diagnostics)).not.toContain('hunter');
  });
});

describe('output', () => {
  it.each(['../x', '/tmp/x', 'C:\\x', 'a/../../b'])('may not be %s', (dir) => {
    expect(found(read(withShots('  - { id: a, prompt: p }', `output: '${dir}'\n`)))).toEqual([
      `path-outside: '${dir}'`,
    ]);
    expect(found(read(withShots('  - { id: a, prompt: p }', `output: { dir: '${dir}' }\n`)))).toEqual([
      `path-outside: '${dir}'`,
    ]);
  });

  it('may be the folder of the manifest itself', () => {
    expect(read(withShots('  - { id: a, prompt: p }', 'output: .\n')).manifest?.output).toEqual({ dir: '.' });
  });
});
