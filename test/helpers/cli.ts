import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCli } from '../../src/cli/run-cli.js';

/** What a command left behind. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Makes the streams a terminal, on which this is typed. Without one, DAILIES_YES lets a run spend, unless `env` says else. */
  readonly typed?: string;
  /** The standard error is a file all the same, as with `2>err.log`. */
  readonly isErrorRedirected?: boolean;
}

/** Runs a command within the test's own process, as the shell would split it. */
export async function cli(words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const isTTY = options.typed !== undefined;
  const terminal = isTTY ? { isTTY, columns: 200, rows: 24 } : {};
  const stdout = Object.assign(new PassThrough(), terminal);
  const stderr = Object.assign(new PassThrough(), options.isErrorRedirected === true ? {} : terminal);
  const stdin = Object.assign(new PassThrough(), terminal);
  const texts = [collect(stdout), collect(stderr)] as const;
  stdin.end(options.typed ?? '');
  const exitCode = await runCli({
    words,
    env: {
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      PATH: process.env['PATH'],
      ...(isTTY ? {} : { DAILIES_YES: '1' }),
      ...options.env,
    },
    platform: 'linux',
    stdin,
    stdout,
    stderr,
    format: 'text',
    exitCode: 0,
  });
  stdout.end();
  stderr.end();
  return { exitCode, stdout: await texts[0], stderr: await texts[1] };
}

async function collect(stream: PassThrough): Promise<string> {
  stream.setEncoding('utf8');
  let text = '';
  for await (const piece of stream) text += String(piece);
  return text;
}

/** A folder with the manifest `film.yaml` for a gateway of the test; gives the manifest's path. */
export async function writeManifest(
  baseUrl: string,
  shots: string,
  settings: { readonly top?: string } = {},
): Promise<{ readonly folder: string; readonly manifest: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-cli-'));
  const manifest = join(folder, 'film.yaml');
  const text = [
    'version: 1',
    'project: film',
    `gateway: { base_url: "${baseUrl}", api_key_env: TEST_KEY }`,
    'poll: { interval: 0.02, timeout: 20 }',
    'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }',
    settings.top ?? '',
    'shots:',
    shots,
    '',
  ].join('\n');
  await writeFile(manifest, text);
  return { folder, manifest };
}
