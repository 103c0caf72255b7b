import { spawn } from 'node:child_process';
import { defined } from '../domain/defined.js';
import { DailiesError } from '../errors.js';

/** How much of a tool's complaint is kept: its end, where the cause stands. */
const COMPLAINT_BYTES = 2000;

export interface ToolRun {
  /** Path of the program; it is started without a shell. */
  readonly command: string;
  readonly args: readonly string[];
  /** Written to its standard input. */
  readonly input?: Uint8Array | undefined;
  /** What it is doing, for the message: "take the last frame of renders/a.mp4". */
  readonly purpose: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program to its end and gives its standard output. It is killed when the signal aborts, and the promise
 * rejects with the signal's reason. Throws DailiesError `tool-missing` where it cannot be started, `disk` where it
 * ran out of space, `media` where it failed otherwise.
 */
export async function runTool({ command, args, input, purpose, signal }: ToolRun): Promise<Buffer> {
  signal?.throwIfAborted();
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
    killSignal: 'SIGKILL',
    ...defined({ signal }),
  });
  const output: Buffer[] = [];
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint = (complaint + chunk).slice(-COMPLAINT_BYTES);
  });
  // A program that has seen enough closes its input; that is no failure.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);

  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => {
      if (signal?.aborted === true) return;
      const message = `cannot ${purpose}: ${command} does not start (${error.message})`;
      reject(new DailiesError('tool-missing', message, { hint: TOOL_HINT, cause: error }));
    });
    child.once('close', (code) => resolve(code));
  });
  signal?.throwIfAborted();
  if (exitCode === 0) return Buffer.concat(output);

  const message = `cannot ${purpose}: ${complaint.trim() || `it ended with ${exitCode ?? 'a signal'} and said nothing`}`;
  if (!complaint.includes('No space left on device')) throw new DailiesError('media', message);
  throw new DailiesError('disk', message, { hint: 'make room on the disk, then run again' });
}

/** What to do where nothing can decode video. */
export const TOOL_HINT =
  'install ffmpeg (https://ffmpeg.org/download.html), or name it in DAILIES_FFMPEG; or: npm install @mediabunny/server';
