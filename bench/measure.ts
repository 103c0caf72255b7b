import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Usage } from './probe.js';

/** A program as it is started: the words behind `node`. */
export interface Program {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const PROBE = fileURLToPath(new URL('./probe.js', import.meta.url));
let runs = 0;

/** Runs a Node program to its end and says what it has used. Throws where it fails, with what it said. */
export async function measure({ words, env = {} }: Program): Promise<Usage> {
  const usageFile = join(tmpdir(), `dailies-bench-${process.pid}-${(runs += 1)}.json`);
  const child = spawn(process.execPath, ['--import', PROBE, ...words], {
    env: { ...process.env, NODE_OPTIONS: '', ...env, BENCH_USAGE: usageFile },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}:\n${said}`);
  const usage = JSON.parse(await readFile(usageFile, 'utf8')) as Usage;
  await rm(usageFile);
  return usage;
}
