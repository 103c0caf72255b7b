import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { processContext } from '../src/cli/context.js';
import { buildProgram } from '../src/cli/program.js';
import { parseBucketAddress } from '../src/store/bucket/address.js';
import { storePlace } from '../src/store/postgres/connection.js';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly restart: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly deploy?: { readonly replicas: number };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const file = resolve(import.meta.dirname, '../examples/scale/compose.yaml');
const text = readFileSync(file, 'utf8');
const { services, volumes } = parse(text) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const all = Object.entries(services);
const ours = all.filter(([, { image }]) => image === 'dailies:local');
const dockerfile = readFileSync(resolve(import.meta.dirname, '../Dockerfile'), 'utf8');

interface ReadCommand {
  readonly name: string | undefined;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly unknown: readonly string[];
}

/** What our command line makes of words, without doing it: the command, its options, and what it does not know. */
function readCommand(words: readonly string[]): ReadCommand {
  const rest = [...words];
  let command = buildProgram(processContext());
  while (command.commands.length > 0) {
    const next = command.commands.find((each) => each.name() === rest[0]);
    if (!next) return { name: undefined, flags: {}, unknown: rest };
    command = next;
    rest.shift();
  }
  const { operands, unknown } = command.parseOptions(rest);
  const surplus = operands.slice(command.registeredArguments.length);
  return { name: command.name(), flags: command.opts(), unknown: [...unknown, ...surplus] };
}

describe('compose.yaml', () => {
  it('starts a database, an object store, two workers, and what makes tables and bucket', () => {
    expect(Object.keys(services).sort()).toEqual(['bucket', 'database', 'migrate', 's3', 'worker']);
    expect(services['worker']?.deploy?.replicas).toBe(2);
    expect(services['worker']?.depends_on).toEqual({
      migrate: { condition: 'service_completed_successfully' },
      bucket: { condition: 'service_completed_successfully' },
    });
  });

  it.each(ours)('gives %s a command line that there is', (_, { command = [] }) => {
    const { name, flags, unknown } = readCommand(command);
    expect(unknown).toEqual([]);
    expect(name).toBeDefined();
    if (typeof flags['store'] === 'string')
      expect(storePlace(flags['store'])).toBe('postgres://database/dailies');
    if (typeof flags['clips'] === 'string')
      expect(parseBucketAddress(flags['clips'])).toMatchObject({ bucket: 'clips', pathStyle: true });
  });

  it('builds our image from this repository, with the packages that its workers need', () => {
    for (const [, { build = '' }] of ours)
      expect(resolve(dirname(file), build)).toBe(resolve(import.meta.dirname, '..'));
    expect(ours).toHaveLength(2);
    expect(dockerfile).toMatch(
      /npm install --save-prod @aws-sdk\/client-s3 prom-client && npm prune --omit=dev/,
    );
  });

  it('pins every other image', () => {
    for (const [, { image, build }] of all)
      if (build === undefined) expect(image).toMatch(/:(\d+\.\d+-\w+|RELEASE\.[\dTZ-]+)$/);
  });

  it('looks after whatever stays, and lets the rest end', () => {
    for (const [name, { restart, healthcheck }] of all) {
      const isTask = name === 'migrate' || name === 'bucket';
      expect([name, restart]).toEqual([name, isTask ? 'no' : 'unless-stopped']);
      expect([name, healthcheck === undefined]).toEqual([name, isTask]);
    }
    const listens = services['worker']?.command?.find((word) => word.startsWith('--listen='));
    const port = listens?.split(':').at(-1) ?? 'none';
    expect(services['worker']?.healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${port}/healthz`);
  });

  it('has no password in it, and opens no port to others', () => {
    const secrets = all.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([variable]) => /PASSWORD|SECRET|_KEY$/.test(variable)),
    );
    expect(secrets.length).toBeGreaterThan(5);
    for (const [, value] of secrets) expect(value).toMatch(/^\$\{[A-Z0-9_]+:(\?.+|-)\}$/);
    expect(text).not.toMatch(/:\/\/[^/\s]*:[^/\s]*@/);
    for (const port of all.flatMap(([, { ports = [] }]) => ports)) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('keeps what is paid for in volumes', () => {
    const mounted = text
      .match(/^ {6}- (\w+):\/(var|data)/gm)
      ?.map((line) => line.replace(/^ +- (\w+):.*/, '$1'));
    expect(mounted?.sort()).toEqual(Object.keys(volumes).sort());
  });
});
