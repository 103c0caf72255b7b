import { createHash } from 'node:crypto';
import { jsonPieces } from '../domain/json-pieces.js';
import type { Report } from '../domain/report.js';
import { pageScript, type SheetData } from './page/index.js';
import { livePageScript } from './page/live/index.js';
import { sheetHead, sheetTake } from './sheet-data.js';
import { liveStyle, pageStyle } from './page-style.js';

const DATA_ID = 'report';

/**
 * The contact sheet: one page that needs nothing but the clips beside it, from a disk as well as from a server.
 * Everything from the manifest or the gateway is in it as JSON, which a script turns into text nodes;
 * if that ever fails, the page's policy still runs and loads nothing foreign. In pieces, a piece for
 * each take.
 */
export function* renderSheet(report: Report): Iterable<string> {
  const takes = lazily(report.takes, (take) => sheetTake(take));
  const script = pageScript(DATA_ID);
  const policy = policyOf({ script, style: pageStyle, from: ["media-src 'self' file: data:"] });
  const data = jsonPieces({ head: sheetHead(report), list: 'takes', items: takes });
  yield* pageOf({ project: report.project, script, style: pageStyle, policy, data });
}

/**
 * The same page as it is served by `dailies view`: it goes on from `revision`, and asks its own server alone. `policy` is for the
 * header, which can also forbid to be framed.
 */
export function renderLivePage(
  { takes, ...head }: SheetData,
  revision: string,
): { readonly html: Iterable<string>; readonly policy: string } {
  const script = livePageScript(DATA_ID, revision);
  const style = `${pageStyle}\n${liveStyle}`;
  const policy = policyOf({ script, style, from: ["media-src 'self' data:", "connect-src 'self'"] });
  const data = jsonPieces({ head, list: 'takes', items: takes });
  return {
    html: pageOf({ project: head.project, script, style, policy, data }),
    policy: `${policy}; frame-ancestors 'none'`,
  };
}

function* pageOf(page: {
  readonly project: string;
  readonly script: string;
  readonly style: string;
  readonly policy: string;
  readonly data: Iterable<string>;
}): Iterable<string> {
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${page.policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(page.project)} · dailies</title>
<link rel="icon" href="${ICON}">
<style>${page.style}</style>
</head>
<body>
<noscript>The clips are in this folder; the sheet needs JavaScript to show them.</noscript>
<script type="application/json" id="${DATA_ID}">`;
  for (const piece of page.data) yield embeddable(piece);
  yield `</script>
<script>${page.script}</script>
</body>
</html>
`;
}

function* lazily<T, U>(items: Iterable<T>, make: (item: T) => U): Iterable<U> {
  for (const item of items) yield make(item);
}

/** A ring, as around a picked take. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5.5" fill="none" stroke="#e8a911" stroke-width="2.4"/></svg>',
)}`;

/**
 * Our script and style, and what is named besides: clips from beside the page or, named absolutely, from this disk (browsers differ on
 * whether `'self'` covers files, hence `file:`). Nothing else.
 */
function policyOf({
  script,
  style,
  from,
}: {
  readonly script: string;
  readonly style: string;
  readonly from: readonly string[];
}): string {
  return [
    "default-src 'none'",
    `script-src '${sha256(script)}'`,
    `style-src '${sha256(style)}'`,
    ...from,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** JSON that can be put into a script element: no `<` that could end it, no line ends that old scripts choke on. */
function embeddable(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
