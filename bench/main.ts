/* Measures everything side by side on this machine and writes bench/results.md. `npm run bench -- start scale`: these alone. */
import { writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import type { Finding, Section } from './finding.js';
import { http2 } from './http2.js';
import { makespan } from './makespan.js';
import { memory } from './memory.js';
import { growth, overhead } from './overhead.js';
import { polling, webhooks } from './polling.js';
import { scale } from './scale.js';
import { start } from './start.js';
import { store } from './store.js';
import { throughput } from './throughput.js';
import { removeFolders } from './work.js';

const SECTIONS: Readonly<Record<string, () => Section | Promise<Section>>> = {
  makespan,
  polling,
  webhooks,
  overhead,
  growth,
  scale,
  memory,
  throughput,
  http2,
  start,
  store,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(' or ')}; there are ${Object.keys(SECTIONS).join(', ')}`);
  process.exit(2);
}

const texts: string[] = [];
try {
  for (const [name, measureSection] of Object.entries(SECTIONS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.error(`${name} …`);
    const text = markdownOf(await measureSection());
    console.log(text);
    texts.push(text);
  }
} finally {
  await removeFolders();
}
if (wanted.length === 0) await writeFile('bench/results.md', [headOfResults(), ...texts].join('\n'));

function headOfResults(): string {
  const [cpu] = cpus();
  return [
    '# Results of `npm run bench`',
    '',
    `Written by the program on ${new Date().toISOString().slice(0, 10)}, on Node ${process.versions.node}, ${platform()} ${arch()},`,
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB. All with journal, fsync, verification, events,`,
    'metadata, report and contact sheet on. [docs/performance.md](../docs/performance.md) says how it is measured.',
    '',
  ].join('\n');
}

function markdownOf({ title, findings, notes }: Section): string {
  const rows = findings.map(
    ({ what, target, found, isMet }) => `| ${what} | ${target} | ${found} | ${verdictOf(isMet)} |`,
  );
  return [
    `## ${title}`,
    '',
    '| | target | found | |',
    '| --- | --- | ---: | --- |',
    ...rows,
    '',
    ...(notes ? [notes, ''] : []),
  ].join('\n');
}

function verdictOf(isMet: Finding['isMet']): string {
  return isMet === undefined ? '' : isMet ? 'met' : 'missed';
}
