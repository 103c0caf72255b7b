import { describe, expect, it } from 'vitest';
import type { ModelListing } from '../../src/domain/catalogue.js';
import type { Report, ReportTake } from '../../src/domain/report.js';
import { doctorLines } from '../../src/ui/doctor-lines.js';
import { modelLines, modelsTableLines } from '../../src/ui/models-table.js';
import { statusLines } from '../../src/ui/status-table.js';

const wide = { color: false, unicode: true, width: Infinity };

const VEO: ModelListing = {
  model: {
    id: 'google/veo-3.1-lite',
    canonical_slug: 'google/veo-3.1-lite-20260901',
    name: 'Veo',
    description: 'Text to video.',
    supported_durations: [4, 6, 8],
    supported_resolutions: ['720p', '1080p'],
    supported_aspect_ratios: ['16:9'],
    generate_audio: true,
    upscale_factor: false,
    pricing_skus: { duration_seconds: '0.03' },
  },
  modes: ['text', 'image-to-video'],
  typical: { duration: 4, resolution: '720p' },
  estimate: { min_usd: 0.12, expected_usd: 0.12, max_usd: 0.12, sku: 'duration_seconds', inferred: false },
};

const SILENT: ModelListing = {
  model: {
    id: 'x/silent',
    canonical_slug: 'x/silent',
    name: 'Silent',
    description: '',
    supported_durations: [1, 2, 3],
  },
  modes: ['text'],
  typical: {},
  estimate: null,
};

describe('the models', () => {
  it('have a row each, with what the catalogue does not say left open', () => {
    expect(modelsTableLines([VEO, SILENT], wide)).toEqual([
      'model                modes       seconds  resolutions  ratios  audio    a clip',
      'google/veo-3.1-lite  text image  4 6 8    720p 1080p   16:9    yes       $0.12  4 s 720p',
      'x/silent             text        1–3      –            –       –      unpriced',
    ]);
  });

  it('are described one by one in full', () => {
    const lines = modelLines(VEO, wide);
    expect(lines).toContain('  durations     4, 6, 8 s');
    expect(lines).toContain('  seed          not said');
    expect(lines).toContain('  upscale       no');
    expect(lines).toContain('  typical clip  $0.12 for 4 s 720p');
    expect(lines).toContain('    duration_seconds  0.03');
  });
});

function take(key: string, state: ReportTake['state'], rest: Partial<ReportTake> = {}): ReportTake {
  return {
    key,
    id: key,
    manifest_id: key,
    take: 1,
    takes: 1,
    type: 'text',
    tags: [],
    matrix: {},
    settings: { model: 'google/veo-3.1-lite' },
    state,
    estimate: null,
    picked: false,
    outputs: [],
    times: {},
    attempts: 1,
    ...rest,
  };
}

describe('the status', () => {
  const commands = {
    ...{ run: 'dailies run teaser.yaml', resolve: 'dailies resolve teaser.yaml' },
    ...{ plan: '', pick: '' },
  };
  const now = new Date(2026, 9, 10, 9, 2).getTime();
  const media = { container: 'mp4', duration_s: 4, width: 1280, height: 720, video_codec: 'avc' } as const;
  const clip = { path: 'greenhouse/greenhouse.mp4', bytes: 1, sha256: '', media, warnings: [] };
  const report: Report = {
    version: 1,
    project: 'teaser',
    gateway: 'openrouter',
    generated_at: '',
    spent_usd: 3.12,
    spent_unpriced: 0,
    budget_usd: 20,
    takes: [
      take('greenhouse', 'delivered', { cost_usd: 0.12, outputs: [clip] }),
      take('turn', 'in_progress', { times: { submitted: now - 65_000 } }),
      take('harbor', 'uncertain', { message: 'the answer to the submit was lost' }),
      take('storm', 'missing'),
    ],
  };

  it('says of each take how far it came, and what to type next', () => {
    expect(statusLines(report, { ...wide, commands, now, showPath: (path) => `renders/${path}` })).toEqual([
      'teaser · 4 takes · openrouter',
      '',
      '  ✓ greenhouse  delivered  veo-3.1-lite  $0.12  renders/greenhouse/greenhouse.mp4',
      '  ↻ turn        rendering  veo-3.1-lite         for 1 min 05 s, since 09:00 today',
      '  ? harbor      uncertain  veo-3.1-lite         the answer to the submit was lost',
      '  + storm       not begun  veo-3.1-lite',
      '',
      '1 delivered, 1 rendering, 1 uncertain, 1 not begun',
      'Spent $3.12 of $20.00',
      'Settle  dailies resolve teaser.yaml harbor --job-id ID | --not-charged',
      'Next    dailies run teaser.yaml',
    ]);
  });

  it('breaks no path where the line has no room for it beside the state', () => {
    const path = 'renders/teaser/night-passes/night-passes.mp4';
    const takes = [take('night-passes', 'delivered', { cost_usd: 0.42, outputs: [{ ...clip, path }] })];
    const look = { ...wide, width: 80, commands, now, showPath: (shown: string) => shown };
    expect(statusLines({ ...report, takes }, look).slice(2, 4)).toEqual([
      '  ✓ night-passes  delivered  veo-3.1-lite  $0.42',
      `      ${path}`,
    ]);
    const narrow = statusLines({ ...report, takes }, { ...look, width: 40 });
    expect(narrow).toContain('      renders/teaser/night-passes/');
    expect(narrow).toContain('      night-passes.mp4');
  });

  it('says what the sandbox would have charged', () => {
    const estimate = { min_usd: 0.2, expected_usd: 0.24, max_usd: 0.3, sku: null, inferred: false };
    const takes = [
      take('a', 'delivered', { cost_usd: 0.12, outputs: [clip] }),
      take('b', 'in_progress', { estimate }),
      take('c', 'missing', { estimate }),
    ];
    const look = { ...wide, commands, now, showPath: (path: string) => path };
    expect(statusLines({ ...report, gateway: 'sandbox', takes }, look)).toContain(
      '$0.36 on paper: the sandbox charges nothing',
    );
  });

  it('names no run where a run would not help', () => {
    const blocked = take('storm', 'blocked', {
      message: 'take 3 of sea is picked, and there is no such take',
    });
    const look = { ...wide, commands, now, showPath: (path: string) => path };
    const lines = statusLines({ ...report, takes: [blocked] }, look);
    expect(lines.at(-1)).toBe('Spent $3.12 of $20.00');
  });

  it('says of a clip that was made from something else that it is out of date', () => {
    const earlier = { settings: { model: 'm' }, cost_usd: 0.1, estimate: null, outputs: [clip], times: {} };
    const edited = {
      ...report,
      takes: [
        take('turn', 'missing', { earlier, message: 'prompt changed' }),
        take('sea', 'failed', { earlier, cost_usd: 0.02, message: 'flagged' }),
      ],
    };
    const lines = statusLines(edited, { ...wide, commands, now, showPath: (path) => path });
    expect(lines.slice(2, 6)).toEqual([
      '  ~ turn  out of date  veo-3.1-lite  $0.10  prompt changed',
      '  ✗ sea   failed       veo-3.1-lite  $0.12  flagged',
      '',
      '1 out of date, 1 failed',
    ]);
  });

  it('breaks no row of a narrow window inside a price, and still says what is picked', () => {
    const key = 'the-long-way-down-to-the-harbour';
    const rest = { takes: 2, picked: true, cost_usd: 12.34, outputs: [clip] };
    const narrow = {
      ...report,
      takes: [take(`${key}@1`, 'delivered', rest), take(`${key}@2`, 'downloading', { cost_usd: 0.12 })],
    };
    const lines = statusLines(narrow, { ...wide, width: 40, commands, now, showPath: (path) => path });
    expect(lines.slice(2, 6)).toEqual([
      '  ✓ the-lon…rbour@1  delivered    $12.34',
      '      (picked) greenhouse/greenhouse.mp4',
      '  ↓ the-lon…rbour@2  to download   $0.12',
      '',
    ]);
  });

  it('has nothing left to type when all is delivered', () => {
    const done = { ...report, takes: report.takes.slice(0, 1) };
    expect(statusLines(done, { ...wide, commands, now, showPath: (path) => `renders/${path}` }).at(-1)).toBe(
      'Spent $3.12 of $20.00',
    );
  });
});

describe('the doctor', () => {
  it('puts the fix below what needs one', () => {
    const checks = [
      { name: 'node', status: 'ok', message: 'v20.20.2' },
      { name: 'key', status: 'problem', message: 'OPENROUTER_API_KEY is not set', fix: 'put it into .env' },
    ] as const;
    expect(doctorLines(checks, wide)).toEqual([
      '  ✓ node  v20.20.2',
      '  ✗ key   OPENROUTER_API_KEY is not set',
      '      fix: put it into .env',
    ]);
    const fix = 'check the network; behind a proxy, set HTTPS_PROXY and NO_PROXY';
    expect(doctorLines([{ ...checks[1], fix }], { ...wide, width: 50 })).toEqual([
      '  ✗ key  OPENROUTER_API_KEY is not set',
      '      fix: check the network; behind a proxy, set',
      '      HTTPS_PROXY and NO_PROXY',
    ]);
  });
});
