import { spawn, type ChildProcess } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PARTS = ['clock.ts', 'errors.ts', 'disk-error.ts', 'domain', 'shot', 'store'];

/**
 * Runs the sources in processes of their own, which can be killed: compiles them, without checks,
 * into a folder that lasts as long as the test file.
 */
export function inProcesses(): { readonly start: (script: string, options?: { shell?: string }) => Child } {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dailies-compiled-'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const part of PARTS) compile(part, folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    start(script, { shell } = {}) {
      const file = join(folder, `child-${Math.random()}.js`);
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

function compile(part: string, folder: string): void {
  const source = join(ROOT, 'src', part);
  if (!part.endsWith('.ts')) {
    for (const name of readdirSync(source)) compile(join(part, name), folder);
    return;
  }
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  const target = join(folder, part.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, outputText);
}
