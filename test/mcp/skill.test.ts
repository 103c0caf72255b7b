import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlanAction } from '../../src/domain/plan.js';
import type { ReportState } from '../../src/domain/report.js';
import { builtCli } from '../helpers/built-cli.js';
import { cli } from '../helpers/cli.js';
import { newRoot, startAgent } from './agent.js';

const skill = await readFile('skills/dailies/SKILL.md', 'utf8');

/** Whatever an agent may read about a take. */
const WORDS: Readonly<Record<PlanAction | ReportState, true>> = {
  ...{ render: true, rerender: true, resume: true, download: true, reuse: true, retry: true, held: true },
  ...{ orphan: true, missing: true, blocked: true, planned: true, submitting: true, uncertain: true },
  ...{ refused: true, not_charged: true, abandoned: true, pending: true, in_progress: true, completed: true },
  ...{ downloading: true, delivered: true, failed: true, cancelled: true, expired: true, lost: true },
};

describe('the skill', () => {
  it('says how to read every action and every state', () => {
    expect(Object.keys(WORDS).filter((word) => !skill.includes(`\`${word}\``))).toEqual([]);
  });

  it('names every tool, and so does the page about agents', { timeout: 120_000 }, async () => {
    const { client } = await startAgent(await newRoot());
    const page = await readFile('docs/agents.md', 'utf8');
    const names = (await client.listTools()).tools.map(({ name }) => name);
    for (const text of [skill, page])
      expect(names.filter((name) => !new RegExp(`\`${name}\\b`).test(text))).toEqual([]);
  });

  it('is AGENTS.md beside a manifest that init writes for an agent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-init-'));
    const { exitCode, stdout } = await cli(['init', folder, '--agent']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('AGENTS.md');
    const rules = await readFile(join(folder, 'AGENTS.md'), 'utf8');
    expect(skill.endsWith(rules)).toBe(true);
    expect(rules).toMatch(/^# Making a film with dailies\n/);
    expect(await cli(['init', folder, '--agent'])).toMatchObject({ exitCode: 2 });
  });
});

it.each(['ignore', 'pipe'] as const)('the server ends in peace with its input (%s)', async (input) => {
  const server = spawn(process.execPath, [await builtCli(), 'mcp'], { stdio: [input, 'ignore', 'inherit'] });
  server.stdin?.end();
  expect(await once(server, 'exit')).toEqual([0, null]);
});
