import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const rows = [...readFileSync('docs/glossary.md', 'utf8').matchAll(/^\| (?!word|---)(.+?) \| (.+) \|$/gm)];
const words = rows.map(([, word = '']) => word);

it('has each word once, in order, each with one sentence or two', () => {
  expect(words.length).toBeGreaterThan(60);
  expect(words).toEqual([...new Set(words)].sort((a, b) => a.localeCompare(b, 'en')));
  for (const [, word, meaning = ''] of rows) expect(meaning, word).toMatch(/^[A-Z`*].{10,140}\.$/);
});

it('has every action of a plan and every state of an attempt', () => {
  const plan = JSON.stringify(JSON.parse(readFileSync('schemas/plan.schema.json', 'utf8')));
  const actions = /"action":\{[^}]*?"enum":(\[[^\]]*\])/.exec(plan)?.[1] ?? '[]';
  const states = readFileSync('src/domain/attempt.ts', 'utf8').matchAll(/readonly kind: ([^;]+);/g);
  const known = [
    ...(JSON.parse(actions) as string[]),
    ...[...states].flatMap(([, kinds = '']) => [...kinds.matchAll(/'(\w+)'/g)].map(([, kind = '']) => kind)),
  ];
  expect(known.length).toBeGreaterThan(20);
  expect(known.filter((word) => !words.includes(word))).toEqual([]);
});
