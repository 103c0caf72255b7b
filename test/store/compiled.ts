import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { builtSources } from '../helpers/built-cli.js';

/** Runs scripts in processes of their own, which can be killed. They import the sources as if they lay among them. */
export function inProcesses(): { readonly start: (script: string, options?: { shell?: string }) => Child } {
  let folder = '';
  beforeAll(async () => {
    const sources = await builtSources();
    folder = mkdtempSync(join(tmpdir(), 'dailies-processes-'));
    for (const name of readdirSync(sources)) symlinkSync(join(sources, name), join(folder, name));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    start(script, { shell } = {}) {
      const file = join(folder, `child-${Math.random()}.mjs`);
      writeFileSync(file, script);
      const node = [process.execPath, file] as const;
      const child = shell
        ? spawn('bash', ['-c', `${shell}; exec "$0" "$@"`, ...node])
        : spawn(node[0], node.slice(1));
      onTestFinished(() => void child.kill('SIGKILL'));
      return new Child(child);
    },
  };
}

/** A process that answers in lines. */
class Child {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string, undefined>;
  readonly ended: Promise<void>;

  constructor(child: ChildProcess) {
    this.#process = child;
    this.ended = new Promise((resolve) => child.once('exit', () => resolve()));
    child.stderr?.pipe(process.stderr);
    const input = child.stdout;
    if (input === null) throw new Error('the child has no stdout');
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  say(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Its next line; undefined where it has ended. */
  async line(): Promise<string | undefined> {
    const next = await this.#lines.next();
    return next.done === true ? undefined : next.value;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}
