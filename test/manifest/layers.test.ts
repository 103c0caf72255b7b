import { describe, expect, it } from 'vitest';
import { found, onlyTake, read } from './reading.js';

function shot(defaults: string, own: string): string {
  return `version: 1\ndefaults: { model: m, prompt: p, ${defaults} }\nshots:\n  - { id: a, ${own} }\n`;
}

describe('a shot over its defaults', () => {
  it('keeps what it does not say, replaces what it does', () => {
    const { settings } = onlyTake(shot('duration: 4, seed: 1', 'duration: 8'));
    expect(settings).toEqual({ model: 'm', prompt: 'p', duration: 8, seed: 1 });
  });

  it('unsets with null', () => {
    expect(
      onlyTake(shot('seed: 1, generate_audio: false', 'seed: null, generate_audio: ~')).settings,
    ).toEqual({
      model: 'm',
      prompt: 'p',
    });
    expect(onlyTake(shot('references: [a.png]', 'references: null')).type).toBe('text');
    expect(onlyTake(shot('takes: 3', 'takes: null')).takes).toBe(1);
  });

  it('keeps what is false or zero', () => {
    expect(
      onlyTake(
        shot('generate_audio: true, seed: 5, creativity: 1', 'generate_audio: false, seed: 0, creativity: 0'),
      ).settings,
    ).toMatchObject({ generate_audio: false, seed: 0, creativity: 0 });
  });

  it('replaces resolution and ratio by its size, and the reverse', () => {
    expect(onlyTake(shot('resolution: 720p, aspect_ratio: "1:1"', 'size: 1280x720')).settings).toEqual({
      model: 'm',
      prompt: 'p',
      size: '1280x720',
    });
    expect(onlyTake(shot('size: 1280x720', 'resolution: 720p')).settings).toEqual({
      model: 'm',
      prompt: 'p',
      resolution: '720p',
    });
    expect(onlyTake(shot('size: 1280x720', 'aspect_ratio: "1:1"')).settings).toEqual({
      model: 'm',
      prompt: 'p',
      aspect_ratio: '1:1',
    });
  });

  it('replaces references by its frames, and the reverse', () => {
    const framed = onlyTake(shot('references: [a.png]', 'last_frame: b.png'));
    expect([framed.type, framed.frames.length, framed.references.length]).toEqual(['image-to-video', 1, 0]);
    const guided = onlyTake(shot('first_frame: a.png, last_frame: b.png', 'references: [c.png]'));
    expect([guided.type, guided.frames.length, guided.references.length]).toEqual(['reference', 0, 1]);
  });

  it('adds its last frame to the first frame of the defaults', () => {
    expect(
      onlyTake(shot('first_frame: a.png', 'last_frame: b.png')).frames.map(({ frame_type }) => frame_type),
    ).toEqual(['first_frame', 'last_frame']);
  });

  it('takes every field but id', () => {
    expect(onlyTake(shot('tags: [x], vars: { n: 1 }, user: u', 'prompt: "{{n}}"')).settings.prompt).toBe('1');
    expect(found(read(shot('id: x', 'prompt: p')))).toEqual(['unknown-key: id']);
  });
});

describe('contradictions', () => {
  it.each([
    ['size and resolution', 'size: 1280x720, resolution: 720p', 'size'],
    ['size and ratio', 'aspect_ratio: "1:1", size: 1280x720', 'size'],
    ['references and a frame', 'references: [a.png], first_frame: b.png', 'references'],
    ['references and a last frame', 'last_frame: b.png, references: [a.png]', 'references'],
  ])('%s on one shot exclude each other', (_, fields, key) => {
    expect(found(read(shot('', fields)))).toEqual([`conflicting-fields: ${key}`]);
  });

  it('are found in the defaults once, and only where they reach a shot', () => {
    const both = 'size: 1280x720, resolution: 720p';
    expect(found(read(shot(both, 'seed: 1').replace('seed: 1 }', 'seed: 1 }\n  - { id: b }')))).toEqual([
      'conflicting-fields: size',
    ]);
    expect(found(read(shot(both, 'size: null')))).toEqual([]);
  });
});

describe('type', () => {
  it.each([
    ['text', ''],
    ['image-to-video', 'first_frame: a.png'],
    ['image-to-video', 'last_frame: a.png'],
    ['reference', 'references: [a.png]'],
  ])('is %s with %j', (type, fields) => {
    expect(onlyTake(shot('', fields === '' ? 'seed: 1' : fields)).type).toBe(type);
    expect(onlyTake(shot('', `type: ${type}${fields === '' ? '' : `, ${fields}`}`)).type).toBe(type);
  });

  it.each([
    ['text', 'first_frame: a.png'],
    ['text', 'references: [a.png]'],
    ['image-to-video', 'references: [a.png]'],
    ['reference', 'seed: 1'],
  ])('%s does not agree with %j', (type, fields) => {
    expect(found(read(shot('', `type: ${type}, ${fields}`)))).toEqual([`type-mismatch: ${type}`]);
  });

  it('is one of three', () => {
    expect(found(read(shot('', 'type: txt')))).toEqual(['invalid-value: txt']);
  });

  it('may disagree through the defaults', () => {
    const parsed = read(shot('first_frame: a.png', 'type: text'));
    expect(found(parsed)).toEqual(['type-mismatch: text']);
    expect(parsed.diagnostics[0]?.hint).toContain('null');
  });
});

describe('prompts', () => {
  it('are needed for text, and left to the catalogue for the rest', () => {
    const bare = (fields: string): string => `version: 1\nshots: [{ id: a, model: m, ${fields} }]`;
    expect(found(read(bare('seed: 1')))).toEqual(['prompt-required: a']);
    expect(found(read(bare('prompt: " "')))).toEqual(['prompt-required: " "']);
    expect(found(read(bare('first_frame: a.png')))).toEqual([]);
    expect(found(read(bare('references: [{ video: a.mp4 }]')))).toEqual([]);
  });
});

it('does not fault the type of a shot whose frame is faulty itself', () => {
  expect(found(read(shot('', 'type: image-to-video, first_frame: ../a.png')))).toEqual([
    'path-outside: ../a.png',
  ]);
  expect(found(read(shot('', 'type: reference, references: [{ from: nobody }]')))).toEqual([
    'unknown-shot: nobody',
  ]);
});
