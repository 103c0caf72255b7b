import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { manifestSchema } from '../../src/domain/manifest-schema.js';
import { found, keysOf, read } from './reading.js';

const DOC = await readFile(new URL('../../docs/manifest.md', import.meta.url), 'utf8');

it('documents every field', () => {
  const { properties, $defs } = manifestSchema;
  for (const name of Object.keys({ ...properties, ...$defs.shot.properties }))
    expect(DOC).toContain(`\`${name}\``);
});

it('says of each model what it accepts', async () => {
  const catalogue = JSON.parse(
    await readFile(new URL('../../src/sandbox/models.json', import.meta.url), 'utf8'),
  ) as {
    readonly data: readonly {
      readonly id: string;
      readonly allowed_passthrough_parameters: readonly string[];
    }[];
  };
  for (const { id, allowed_passthrough_parameters: options } of catalogue.data) {
    expect(DOC).toContain(`\n| \`${id}\` |`);
    for (const option of options) expect(DOC).toContain(`\`${option}\``);
  }
});

it('gives examples that hold', () => {
  const blocks = [...DOC.matchAll(/```yaml\n([^]*?)```/g)].map((match) => match[1] ?? '');
  const whole = blocks.filter((block) => block.startsWith('version:'));
  const [matrix] = blocks.filter((block) => block.startsWith('  - id:'));
  expect(whole.map((block) => found(read(block)))).toEqual([[]]);
  expect(keysOf(`version: 1\nshots:\n${matrix ?? ''}`)).toEqual([
    'fox.veo-3.1-lite.rain',
    'fox.seedance-2.0.rain',
    'fox.seedance-2.0.snow',
  ]);
});
