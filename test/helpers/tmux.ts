import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** A window of a real terminal emulator, in which one command runs. */
export interface TmuxWindow {
  /** The rows of the window as they stand, without the empty ones at its end. */
  readonly screen: () => Promise<string[]>;
  /** Types; `Enter`, `C-c` and the like are keys. */
  readonly type: (...keys: string[]) => Promise<void>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Whether there is a tmux to open windows with. */
export async function hasTmux(): Promise<boolean> {
  return exec('tmux', ['-V']).then(
    () => true,
    () => false,
  );
}

/** Opens a window and runs a command in it; when it has ended, `exit CODE` stands below what it wrote. */
export async function openWindow(options: {
  readonly columns: number;
  readonly rows: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}): Promise<TmuxWindow> {
  // A server of its own: nobody's settings, nobody's sessions.
  const socket = `dailies-test-${process.pid}-${randomBytes(4).toString('hex')}`;
  const tmux = async (...words: string[]): Promise<string> =>
    (await exec('tmux', ['-L', socket, '-f', '/dev/null', ...words])).stdout;
  const command = options.command.map((word) => `'${word}'`).join(' ');
  const env = Object.entries(options.env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const [width, height] = [String(options.columns), String(options.rows)];
  await tmux(
    ...['new-session', '-d', '-s', 'test', '-x', width, '-y', height, '-c', options.cwd, ...env],
    `${command}; echo "exit $?"; exec cat`,
    ...[';', 'set-option', '-g', 'status', 'off'],
    ...[';', 'resize-window', '-t', 'test', '-x', width, '-y', height],
  );
  return {
    async screen() {
      const lines = (await tmux('capture-pane', '-t', 'test', '-p'))
        .split('\n')
        .map((line) => line.trimEnd());
      while (lines.at(-1) === '') lines.pop();
      return lines;
    },
    async type(...keys) {
      await tmux('send-keys', '-t', 'test', ...keys);
    },
    async resize(columns, rows) {
      await tmux('resize-window', '-t', 'test', '-x', String(columns), '-y', String(rows));
    },
    async close() {
      await tmux('kill-server');
    },
  };
}
