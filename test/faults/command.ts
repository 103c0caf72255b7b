import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { builtCli } from '../helpers/built-cli.js';
import { cli } from '../helpers/cli.js';

/** The key of every run here: it must turn up in no file and no output. */
export const KEY = 'sk-fault/0123456789+abcdef=';

/** How a command ended. */
export interface Ended {
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command at work in a process of its own. */
export interface Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly kill: (signal?: NodeJS.Signals) => void;
}

const DISK_FAULT = fileURLToPath(new URL('./disk-fault.js', import.meta.url));

/** What a command meets. */
export interface Circumstances {
  /** One of disk-fault.js: `kill:7`, `full:7`, … */
  readonly diskFault?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/** A step on the disk that a command dies right before, or with `torn` in the midst of. */
export interface Ambush {
  /** As node:fs calls it, without `Sync`. */
  readonly before: string;
  /** A pattern for the path that is written, removed, or moved to. */
  readonly path: string;
  /** A part of what is to be written. */
  readonly holding?: string;
  /** What has to have been written somewhere before. */
  readonly after?: string;
  readonly torn?: boolean;
}

/** The disk fault that is an ambush. */
export function diskFaultAt(ambush: Ambush): string {
  return `at:${JSON.stringify(ambush)}`;
}

/** Starts the built command. */
export async function startCommand(words: readonly string[], options: Circumstances = {}): Promise<Command> {
  const main = await builtCli();
  const preload = options.diskFault === undefined ? [] : ['--import', DISK_FAULT];
  const child = spawn(process.execPath, [...preload, main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      NO_COLOR: '1',
      TEST_KEY: KEY,
      ...(options.diskFault === undefined ? {} : { DISK_FAULT: options.diskFault }),
      ...options.env,
    },
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
  return { child, ended, kill: (signal = 'SIGKILL') => child.kill(signal) };
}

/** Runs a command to its end. */
export async function runCommand(...words: Parameters<typeof startCommand>): Promise<Ended> {
  return (await startCommand(...words)).ended;
}

/** Runs a command that nothing is to befall: within the test's own process, which spares the start of another. */
export async function commandHere(words: readonly string[]): Promise<Ended> {
  const { exitCode, ...texts } = await cli(words, { env: { TEST_KEY: KEY } });
  return { code: exitCode, signal: null, ...texts };
}
