import { describe, expect, it } from 'vitest';
import { summaryLines } from '../../src/ui/summary.js';
import { output, result, summary } from './events.js';

const commandsOf = (words: string) => ({
  run: `dailies run ${words}`,
  plan: `dailies plan ${words}`,
  pick: `dailies pick ${words}`,
  resolve: `dailies resolve ${words}`,
});
const look = { color: false, unicode: true, width: 100, commands: commandsOf('teaser.yaml') };

describe('the end of a run', () => {
  it('says where the clips are, what they cost, what went wrong and what to type next', () => {
    const shots = [
      result('greenhouse', 'delivered'),
      result('storm', 'failed', { message: 'the gateway says: Content policy violation' }),
      result('harbor', 'held', { message: 'the answer to the submit was lost; it may have been charged' }),
      result('tail', 'blocked', { message: 'waits for harbor' }),
    ];
    expect(summaryLines(summary(shots, { sheet: 'renders/index.html' }), look)).toEqual([
      '1 of 4 clips in renders/ · 11 min 40 s · $18.20 (estimate was $17.90)',
      '',
      '  failed   storm   google/veo-3.1-lite  the gateway says: Content policy violation',
      '  held     harbor  google/veo-3.1-lite  the answer to the submit was lost; it may have been charged',
      '      settle it: dailies resolve teaser.yaml harbor --job-id ID | --not-charged',
      '  blocked  tail    google/veo-3.1-lite  waits for harbor',
      '',
      'Contact sheet  renders/index.html',
      'Again          dailies run teaser.yaml  tries storm once more',
    ]);
  });

  it('is two lines when all went well', () => {
    const lines = summaryLines(
      summary([result('a', 'delivered')], {
        cost_usd: 0.12,
        estimated_usd: 0.12,
        sheet: 'renders/index.html',
      }),
      look,
    );
    expect(lines).toEqual([
      '1 of 1 clip in renders/ · 11 min 40 s · $0.12 (as estimated)',
      '',
      'Contact sheet  renders/index.html',
    ]);
  });

  it('says that nothing was bought when all was there', () => {
    const counts = { total: 3, delivered: 3, reused: 3, submitted: 0 };
    const [line] = summaryLines(summary([], { counts, cost_usd: 0, estimated_usd: 0 }), look);
    expect(line).toBe('3 of 3 clips in renders/ (all there already) · 11 min 40 s · nothing bought');
  });

  it('does not call a cost nothing that nobody knows', () => {
    const money = { cost_usd: 0, estimated_usd: 0 };
    const unpriced = { cost_unpriced: 1, estimated_unpriced: 1 };
    const [unknown] = summaryLines(summary([result('a', 'delivered')], { ...money, ...unpriced }), look);
    expect(unknown).toContain('11 min 40 s · cost not known');
    const [free] = summaryLines(summary([result('a', 'delivered', { cost_usd: 0 })], money), look);
    expect(free).toContain('$0.00 (as estimated)');
  });

  it('says what the sums leave out', () => {
    const unpriced = { cost_unpriced: 1, estimated_unpriced: 2 };
    const lines = summaryLines(summary([result('a', 'delivered')], unpriced), look);
    expect(lines.slice(0, 2)).toEqual([
      '1 of 1 clip in renders/ · 11 min 40 s',
      '  $18.20 and 1 job of unknown price (estimate was $17.90 and 2 takes of unknown price)',
    ]);
    const reported = summary([result('a', 'delivered')], { cost_usd: 17.9, estimated_unpriced: 1 });
    expect(summaryLines(reported, look)[0]).toContain('$17.90 (estimate was $17.90 and 1 take of');
  });

  it('calls the prices of the sandbox what they are', () => {
    const [line] = summaryLines(
      summary([result('a', 'delivered')], { gateway: 'sandbox', cost_usd: 0, on_paper_usd: 1.92 }),
      look,
    );
    expect(line).toContain('$1.92 on paper, nothing charged');
  });

  it('names every shot that was not delivered, however many', () => {
    const shots = Array.from({ length: 5000 }, (_, index) =>
      result(`scene-${index}`, index % 2 === 0 ? 'not_submitted' : 'failed', {
        message: `because of ${index % 4}`,
      }),
    );
    const words = new Set(
      summaryLines(summary(shots), { ...look, width: 50 })
        .join(' ')
        .split(/[\s,]+/),
    );
    expect(shots.filter((shot) => !words.has(shot.key))).toEqual([]);
  });

  it('gives one way to settle many held shots, and another for jobs that are gone', () => {
    const unanswered = Array.from({ length: 8 }, (_, index) =>
      result(`s${index}`, 'held', { message: 'lost' }),
    );
    const text = summaryLines(
      summary([...unanswered, result('gone', 'held', { message: 'the clip is gone', job_id: 'job-1' })]),
      look,
    ).join('\n');
    expect(text).toContain('held  8 shots: lost\n      s0, s1, s2, s3, s4, s5, s6, s7\n      settle them: ');
    expect(text).toContain('dailies resolve teaser.yaml gone --abandon');
  });

  it('counts the shots that wait for one pick, and gives the commands that pick and go on', () => {
    const waiting = ['b', 'c', 'd', 'e', 'f', 'g'].map((key) => ({
      ...result(key, 'blocked'),
      message: 'waits for a pick of a',
    }));
    const stopped = { kind: 'approval', message: 'a take of a, é is to be picked' } as const;
    const to_pick = [['a@1', 'a@2'], ['é@1']];
    const lines = summaryLines(summary(waiting, { stopped: { ...stopped, to_pick } }), look);
    const text = lines.join('\n');
    expect(text.match(/waits for a pick/g)).toHaveLength(1);
    expect(text).toContain('blocked  6 shots  each waits for a pick of a');
    expect(text).toContain("Pick           dailies pick teaser.yaml a@1 'é@1'  or a@2");
    expect(text).toContain('Again          dailies run teaser.yaml');
  });

  it('tells why it stopped and what helps', () => {
    const stopped = {
      kind: 'budget',
      message: 'the budget of $20.00 is used up',
      hint: 'raise budget_usd',
    } as const;
    const lines = summaryLines(summary([result('a', 'not_submitted')], { stopped }), look);
    expect(lines).toContain('Stopped: the budget of $20.00 is used up');
    expect(lines).toContain('  hint: raise budget_usd');
    expect(lines.at(-1)).toBe('Again          dailies run teaser.yaml  submits a');
  });

  it('mentions clips that are not quite what was asked', () => {
    const shot = result('turn', 'delivered', {
      outputs: [output('renders/turn.mp4', ['5 s long instead of 4 s'])],
    });
    expect(summaryLines(summary([shot]), look)).toContain('  ! turn  5 s long instead of 4 s');
  });

  it('repeats the options that make it the same project', () => {
    const shots = [result('a', 'held', { message: 'lost' }), result('b', 'failed', { message: 'no' })];
    const commands = commandsOf('teaser.yaml --gateway modelgates');
    const text = summaryLines(summary(shots), { ...look, commands }).join('\n');
    expect(text).toContain('dailies resolve teaser.yaml --gateway modelgates a --job-id ID | --not-charged');
    expect(text).toContain('dailies run teaser.yaml --gateway modelgates  tries b once more');
  });
});
