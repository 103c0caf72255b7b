import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { htmlOf, sampleOutput, sampleReport, sampleTake } from './sample-report.js';

const evil = `</script><script>alert(1)</script><!--&'"\u2028`;

describe('renderSheet', () => {
  it('makes one page that names no other host', () => {
    const html = htmlOf(sampleReport([sampleTake({ id: 'a', outputs: [sampleOutput('a/a.mp4')] })]));
    expect(
      html.match(/https?:\/\/[^"' )]+/g)?.filter((url) => !url.startsWith('http://www.w3.org/')),
    ).toEqual([]);
    expect(html).not.toMatch(/<(?:script|link|img)[^>]+src=/);
  });

  it('lets no text of the manifest or the gateway end an element', () => {
    const take = sampleTake({ id: evil, message: evil, settings: { model: evil, prompt: evil } });
    const html = htmlOf(sampleReport([take], { project: evil, gateway: evil }));
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html).not.toContain('<!--');
    expect(html).toContain('<title>&#60;/script&#62;');
    const json = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    expect(JSON.parse(json)).toMatchObject({ project: evil, takes: [{ prompt: evil, model: evil }] });
  });

  it('allows by its policy just its own script and style', () => {
    const html = htmlOf(sampleReport([]));
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    const hashOf = (text: string | undefined) =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`;
    expect(policy).toContain(`default-src 'none'`);
    expect(policy).toContain(`script-src ${hashOf(/<script>(.*?)<\/script>/s.exec(html)?.[1])};`);
    expect(policy).toContain(`style-src ${hashOf(/<style>(.*?)<\/style>/s.exec(html)?.[1])};`);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  it('is the same for the same report', () => {
    const report = sampleReport([sampleTake({ id: 'a' })]);
    expect(htmlOf(report)).toBe(htmlOf(report));
  });
});
