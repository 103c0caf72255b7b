import { describe, expect, it } from 'vitest';
import { junitXml, stepSummary } from '../../src/ui/ci-reports.js';
import { result, summary } from './events.js';

const SHOTS = [
  result('a', 'delivered', { cost_usd: 0.12 }),
  result('b', 'failed', { message: 'no <b>fox</b> & "co"\x1b[2J\ud800', job_id: 'job-1' }),
  result('c', 'blocked', { message: 'waits for b' }),
  result('d', 'not_submitted', { message: 'interrupted' }),
  result('e', 'held', { message: 'the answer was lost' }),
];

describe('junitXml', () => {
  it('has a case for each take: passed, failed or skipped', () => {
    expect(junitXml(summary(SHOTS)).split('\n')).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites name="dailies" tests="5" failures="2" errors="0" skipped="2" time="700.000">',
      '  <testsuite name="teaser" tests="5" failures="2" errors="0" skipped="2" time="700.000" timestamp="2026-10-10T09:00:00">',
      '    <testcase classname="teaser" name="a" time="0"/>',
      '    <testcase classname="teaser" name="b" time="0">' +
        '<failure type="failed" message="no &lt;b&gt;fox&lt;/b&gt; &amp; &quot;co&quot;\ufffd[2J\ufffd">outcome: failed',
      'model: google/veo-3.1-lite',
      'job: job-1',
      'no &lt;b&gt;fox&lt;/b&gt; &amp; &quot;co&quot;\ufffd[2J\ufffd</failure></testcase>',
      '    <testcase classname="teaser" name="c" time="0"><skipped message="waits for b"/></testcase>',
      '    <testcase classname="teaser" name="d" time="0"><skipped message="interrupted"/></testcase>',
      '    <testcase classname="teaser" name="e" time="0"><failure type="held" message="the answer was lost">outcome: held',
      'model: google/veo-3.1-lite',
      'the answer was lost</failure></testcase>',
      '  </testsuite>',
      '</testsuites>',
      '',
    ]);
  });
});

describe('stepSummary', () => {
  it('is a table with the shots that need a person first', () => {
    expect(stepSummary(summary(SHOTS.slice(0, 3))).split('\n')).toEqual([
      '### dailies: teaser',
      '',
      '**1 of 3 clips** delivered · $18.20 (estimate was $17.90) · 11 min 40 s',
      '',
      '| shot | model | outcome | cost | why |',
      '| --- | --- | --- | ---: | --- |',
      '| `b` | google/veo-3.1-lite | **failed** |  | no &lt;b&gt;fox&lt;/b&gt; &amp; "co"\ufffd |',
      '| `c` | google/veo-3.1-lite | **blocked** |  | waits for b |',
      '| `a` | google/veo-3.1-lite | delivered | $0.12 |  |',
      '',
    ]);
  });

  it('keeps the words of a gateway from becoming markup', () => {
    const text = stepSummary(
      summary([result('a', 'failed', { message: '| [x](http://e) `y` ![z](u)\n# @team <img>' })]),
    );
    expect(text).toContain(
      '\\| \\[x\\]\\(http://e\\) \\`y\\` \\!\\[z\\]\\(u\\) \\# @\u200bteam &lt;img&gt; |',
    );
  });

  it('stays below what GitHub takes', () => {
    const shots = Array.from({ length: 10_000 }, (_, index) => result(`s${index}`, 'delivered'));
    const text = stepSummary(summary(shots));
    expect(text.length).toBeLessThan(1_000_000);
    expect(text).toContain('… and 9,000 more shots');
  });
});
