import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A command of ours that runs in a process of its own, and goes on when this process ends. */
export interface BackgroundCommand {
  /** What Ctrl-C does. Without effect once it has ended. */
  interrupt(): void;
  /** The exit code, and the end of what it wrote to its standard error; null: a signal has ended it. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly complaint: string }>;
}

const COMPLAINT_LENGTH = 4_000;

/**
 * Starts a command of this program in a session of its own, so that neither the end of this process nor a signal to its group ends it:
 * a command takes it for a reader that has seen enough when nobody reads its output any more. `onLine` gets each line of its standard output.
 */
export function startInBackground(command: {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly onLine: (line: string) => void;
}): BackgroundCommand {
  const { args, env, onLine } = command;
  const program = process.argv[1] ?? '';
  const child = spawn(process.execPath, [program, ...args], {
    ...{ detached: true, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true },
    env,
  });
  child.unref();
  // This process may end before the command does.
  for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT_LENGTH);
  });
  const lines = createInterface({ input: child.stdout, crlfDelay: Infinity });
  lines.on('line', onLine);
  return {
    interrupt() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
    },
    ended: new Promise((resolve) => {
      child.once('error', (error) => resolve({ exitCode: null, complaint: error.message }));
      child.once('close', (exitCode) => resolve({ exitCode, complaint }));
    }),
  };
}
