import { describe, expect, it } from 'vitest';
import type { PlanDocument, PlanRow } from '../../src/domain/plan.js';
import { planLines } from '../../src/ui/plan-table.js';
import { textWidth } from '../../src/ui/text.js';

const price = (usd: number, inferred = false): PlanRow['estimate'] => ({
  min_usd: usd,
  expected_usd: usd,
  max_usd: usd,
  sku: 'duration_seconds',
  inferred,
});

const VEO = 'google/veo-3.1-lite';
const SEEDANCE = 'bytedance/seedance-2.0-fast';

function row(id: string, action: PlanRow['action'], rest: Partial<PlanRow> = {}): PlanRow {
  const settings = { duration: 4, resolution: '720p', aspect_ratio: '16:9' };
  return { id, take: 1, action, reasons: ['new'], model: VEO, estimate: price(0.12), ...settings, ...rest };
}

const free = price(0);

const PLAN: PlanDocument = {
  version: 1,
  project: 'teaser',
  plan_hash: '0123456789abcdef',
  gateway: 'openrouter',
  shots: [
    row('greenhouse', 'render'),
    row('turn', 'rerender', { reasons: ['prompt changed', 'frames/turn.png changed'] }),
    row('backpack', 'resume', {
      model: SEEDANCE,
      estimate: price(0.36, true),
      reasons: ['job in flight since 09:02'],
    }),
    row('backpack', 'download', { take: 2, model: SEEDANCE, estimate: free, reasons: ['file missing'] }),
    row('harbor', 'held', { estimate: null, reasons: ['submit unanswered at 08:57'] }),
    row('tail', 'render', {
      depends_on: ['harbor'],
      blocked_by: 'harbor',
      reasons: ['needs a clip of harbor'],
    }),
    row('odd', 'render', { estimate: null, depends_on: ['turn'] }),
    ...['a', 'b', 'c'].map((id) => row(id, 'reuse', { estimate: free, reasons: ['delivered'] })),
    row('moved', 'reuse', { estimate: free, reasons: ['renamed'] }),
    row('gone', 'orphan', { estimate: free, reasons: ['not in the manifest'] }),
  ],
  total: { min_usd: 0.6, expected_usd: 0.6, max_usd: 0.72, unpriced: 1 },
  spent_usd: 3.12,
  spent_unpriced: 0,
  budget_usd: 20,
  diagnostics: [],
};

const plain = { color: false, unicode: true, width: Infinity, now: 0 };

describe('planLines', () => {
  it('gives each take its glyph, its price and the reasons, and folds what is there already', () => {
    expect(planLines(PLAN, plain)).toEqual([
      'teaser · 11 takes · openrouter',
      '',
      '  + greenhouse  veo-3.1-lite       4 s  720p 16:9     $0.12  new',
      '  ~ turn        veo-3.1-lite       4 s  720p 16:9     $0.12  prompt changed, frames/turn.png changed',
      '  ↻ backpack@1  seedance-2.0-fast  4 s  720p 16:9    ~$0.36  job in flight since 09:02',
      '  ↓ backpack@2  seedance-2.0-fast  4 s  720p 16:9      free  file missing',
      '  ? harbor      veo-3.1-lite       4 s  720p 16:9         –  submit unanswered at 08:57',
      '  ‖ tail        veo-3.1-lite       4 s  720p 16:9         –  needs a clip of harbor',
      '  + odd         veo-3.1-lite       4 s  720p 16:9  unpriced  new, after turn',
      '  - gone        veo-3.1-lite       4 s  720p 16:9         –  not in the manifest',
      '  = 3 more                                                –  delivered',
      '  = moved       veo-3.1-lite       4 s  720p 16:9         –  renamed',
      '',
      'To spend   $0.60 and 1 take of unknown price  (at most $0.72; ~ marks inferred token prices)',
      'Spent      $3.12   Budget $20.00',
    ]);
  });

  it('names reused clips too where it is asked for all', () => {
    const lines = planLines(PLAN, { ...plain, all: true });
    expect(lines.filter((line) => line.startsWith('  = '))).toHaveLength(4);
    expect(lines.join('\n')).not.toContain('more');
  });

  it('keeps what has no known price apart where many rows become one', () => {
    const priced = Array.from({ length: 3 }, (_, index) =>
      row(`p${index}`, 'render', { estimate: price(0.1) }),
    );
    const open = Array.from({ length: 2 }, (_, index) => row(`u${index}`, 'render', { estimate: null }));
    const lines = planLines({ ...PLAN, shots: [...priced, ...open] }, { ...plain, limit: 1 });
    expect(lines.filter((line) => line.includes(' more '))).toEqual([
      expect.stringMatching(/\+ 2 more +\$0\.20/),
      expect.stringMatching(/\+ 2 more +unpriced/),
    ]);
  });

  it('says how to settle what is held, and not what merely failed', () => {
    const commands = { run: '', plan: '', pick: '', resolve: 'dailies resolve teaser.yaml' };
    const shots = [
      row('harbor', 'held', {
        estimate: null,
        reasons: ['submit unanswered at 08:57'],
        settle: 'unanswered',
      }),
      row('tide', 'held', { estimate: null, reasons: ['job j-1 is lost: no such job'], settle: 'lost' }),
      row('storm', 'held', { estimate: null, reasons: ['the gateway says: no', 'not retried'] }),
    ];
    const lines = planLines({ ...PLAN, shots }, { ...plain, commands });
    expect(lines.filter((line) => line.includes('resolve'))).toEqual([
      '      → settle it: dailies resolve teaser.yaml harbor --job-id ID | --not-charged',
      '      → each run asks for it again; to give it up: dailies resolve teaser.yaml tide --abandon',
    ]);
  });

  it('does not speak of more where there is nothing else', () => {
    const shots = PLAN.shots.filter(({ reasons }) => reasons.includes('delivered'));
    expect(planLines({ ...PLAN, shots }, plain)[2]).toBe('  = 3 takes  –  delivered');
  });

  it('fits a narrow window without losing a reason or a price', () => {
    const lines = planLines(PLAN, { ...plain, width: 50 });
    for (const line of lines.slice(2)) expect(textWidth(line)).toBeLessThanOrEqual(50);
    expect(lines.slice(2, 8)).toEqual([
      '  + greenhouse     $0.12  new',
      '  ~ turn           $0.12  prompt changed,',
      '                          frames/turn.png changed',
      '  ↻ backpack@1    ~$0.36  job in flight since',
      '                          09:02',
      '  ↓ backpack@2      free  file missing',
    ]);
  });

  it('says once what a shot waits for', () => {
    const shots = [
      row('end', 'rerender', { reasons: ['turn gets a new clip'], depends_on: ['turn', 'sea'] }),
      row('far', 'rerender', { reasons: ['turn gets a new clip'], depends_on: ['turn'] }),
    ];
    const lines = planLines({ ...PLAN, shots }, plain);
    expect(lines[2]).toMatch(/ turn gets a new clip, after sea$/);
    expect(lines[3]).toMatch(/ turn gets a new clip$/);
  });

  it('says what is bought now, and what the shots that wait for picks will cost', () => {
    const waits = { blocked_by: 'a', waits_for_pick: true, reasons: ['waits for a pick of a'] } as const;
    const plan: PlanDocument = {
      ...PLAN,
      shots: [row('a', 'render'), row('b', 'render', waits), row('c', 'render', waits)],
      total: { min_usd: 0.72, expected_usd: 0.72, max_usd: 0.72, unpriced: 0 },
      after_picks: { min_usd: 0.4, expected_usd: 0.6, max_usd: 0.88, unpriced: 0 },
      budget_usd: 4.72,
    };
    const lines = planLines(plan, plain);
    expect(lines[3]).toMatch(/^ {2}‖ b .* \$0\.12 {2}waits for a pick of a$/);
    expect(lines.slice(-2)).toEqual([
      'To spend   $0.72 now, up to $0.88 more after the picks',
      'Spent      $3.12   Budget $4.72',
    ]);
    const folded = planLines({ ...plan, budget_usd: 4.71 }, { ...plain, limit: 1, unicode: false });
    expect(folded).toContainEqual(expect.stringMatching(/^ {2}\| 2 more +\$0\.24 {2}waits for a pick of a$/));
    expect(folded.at(-1)).toMatch(/^Over budget after the picks: /);
    const total = { ...plan.total, max_usd: 0.8 };
    expect(planLines({ ...plan, total, budget_usd: 20 }, plain).at(-2)).toMatch(
      /picks {2}\(at most \$0\.80 now\)$/,
    );
  });

  it('says that a run refuses what could cross the budget', () => {
    const over = (budget: number) => planLines({ ...PLAN, budget_usd: budget }, plain).join('\n');
    expect(over(3.83)).toMatch(/run refuses/);
    expect(over(3.84)).not.toMatch(/run refuses/);
  });

  it('says the size of a product before it costs anything', () => {
    const products = [{ id: 'backpack', expansions: 6, takes: 3 }];
    expect(planLines({ ...PLAN, products }, plain)[1]).toBe('  backpack: 6 variations × 3 takes = 18 jobs');
  });

  it('adds up by model where several are bought from', () => {
    const shots = [
      row('a', 'render'),
      row('b', 'render'),
      row('c', 'render', { model: SEEDANCE, estimate: price(0.5) }),
    ];
    const lines = planLines({ ...PLAN, shots }, plain);
    expect(lines).toContain('  bytedance/seedance-2.0-fast   1 job  $0.50 in all');
    expect(lines).toContain('  google/veo-3.1-lite          2 jobs  $0.24 in all');
  });

  it('folds the rows beyond a limit, with what they cost', () => {
    const shots = Array.from({ length: 10_000 }, (_, index) => row(`s${index}`, 'render'));
    const lines = planLines({ ...PLAN, shots }, { ...plain, limit: 3 });
    expect(lines.slice(2, 6).at(-1)).toMatch(/^ {2}\+ 9,997 more +\$1,199\.64 {2}new$/);
  });

  it('counts nothing of the sandbox as spent', () => {
    const lines = planLines({ ...PLAN, gateway: 'sandbox' }, plain);
    expect(lines.at(-1)).toMatch(/^To spend .*on paper: the sandbox charges nothing/);
  });

  it('stays readable without UTF-8', () => {
    const text = planLines(PLAN, { ...plain, unicode: false }).join('\n');
    expect(text).toMatch(/^ {2}> backpack@1/m);
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('lets no escape sequence of a manifest through', () => {
    const shots = [row('a', 'render', { model: 'x/\x1b[2Jy', reasons: ['\x1b]0;title\x07new'] })];
    expect(planLines({ ...PLAN, shots }, plain).join('\n')).not.toContain('\x1b');
  });
});
