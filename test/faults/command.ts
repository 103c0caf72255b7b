import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { builtCli } from '../helpers/built-cli.js';

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

/** Starts the built command. `diskFault` is one of disk-fault.js: `kill:7`, `full:7`, … */
export async function startCommand(
  words: readonly string[],
  options: { readonly diskFault?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Command> {
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
