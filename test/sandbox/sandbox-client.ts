import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';

import type { Clock } from '../../src/clock.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.js';
import { contractViolations } from '../helpers/contract.js';

/** A clock that stands still until the test moves it: lets time pass, or sets the time of day. */
export interface HeldClock extends Clock {
  pass(ms: number): void;
  set(byMs: number): void;
}

export function heldClock(): HeldClock {
  let now = Date.UTC(2026, 9, 10);
  let elapsed = 0;
  return {
    now: () => now,
    elapsed: () => elapsed,
    sleep: () => Promise.reject(new Error('the sandbox waits for nothing')),
    pass: (ms) => {
      now += ms;
      elapsed += ms;
    },
    set: (byMs) => {
      now += byMs;
    },
  };
}

/** Longer than any job takes at speed 1. */
export const LONG_MS = 60_000;

export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'dailies-sandbox-'));
}

export interface Visitor {
  readonly sandbox: Sandbox;
  readonly clock: HeldClock;
  readonly stateDir: string;
  /** A request with a key, unless `headers` say otherwise. */
  readonly ask: (
    path: string,
    init?: { method?: string; body?: string; headers?: Record<string, string> },
  ) => Promise<Response>;
  /** A submit; the answer is held to the contract. */
  readonly submit: (
    body: unknown,
  ) => Promise<{ readonly status: number; readonly body: JobAnswer & ErrorAnswer }>;
  readonly poll: (id: string) => Promise<JobAnswer>;
  /** Submits, and lets the time pass that the job takes. */
  readonly finished: (body: object) => Promise<string>;
}

export interface JobAnswer {
  readonly id: string;
  readonly status: string;
  readonly polling_url: string;
  readonly unsigned_urls?: readonly string[];
  readonly usage?: { readonly cost: number | null };
  readonly error?: unknown;
}

export interface ErrorAnswer {
  readonly error: { readonly code: number; readonly message: string; readonly metadata?: object };
}

/** A sandbox and a client of it. Both are gone when the test is over. */
export async function visit(options: { stateDir?: string; clock?: HeldClock } = {}): Promise<Visitor> {
  const { stateDir = await temporaryFolder(), clock = heldClock(), ...rest } = options;
  const sandbox = await startSandbox({ stateDir, clock, ...rest });
  onTestFinished(() => sandbox.close());
  const ask: Visitor['ask'] = (path, init = {}) =>
    fetch(`${sandbox.baseUrl}${path}`, {
      ...init,
      headers: { authorization: 'Bearer any', ...init.headers },
    });
  const visitor: Visitor = {
    sandbox,
    clock,
    stateDir,
    ask,
    async submit(body) {
      const response = await ask('/videos', { method: 'POST', body: JSON.stringify(body) });
      const answer = (await response.json()) as JobAnswer & ErrorAnswer;
      const schema = response.status === 202 ? 'VideoGenerationResponse' : 'BadRequestResponse';
      expect(contractViolations(schema, answer)).toEqual([]);
      return { status: response.status, body: answer };
    },
    async poll(id) {
      const response = await ask(`/videos/${id}`);
      const answer = (await response.json()) as JobAnswer;
      expect(response.status).toBe(200);
      expect(contractViolations('VideoGenerationResponse', answer)).toEqual([]);
      return answer;
    },
    async finished(body) {
      const answer = await visitor.submit(body);
      expect(answer.status, JSON.stringify(answer.body)).toBe(202);
      clock.pass(LONG_MS);
      return answer.body.id;
    },
  };
  return visitor;
}

/** A small order that the catalogue allows. */
export const ORDER = {
  model: 'bytedance/seedance-2.0-fast',
  prompt: 'A ferry leaves the harbour',
  duration: 4,
  size: '480x480',
} as const;

export function image(url: string): {
  readonly type: 'image_url';
  readonly image_url: { readonly url: string };
} {
  return { type: 'image_url', image_url: { url } };
}

export function dataUrl(type: string, bytes: Uint8Array): string {
  return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
}
