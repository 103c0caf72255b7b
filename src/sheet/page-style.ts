import { readFileSync } from 'node:fs';

/** The stylesheets of the page, in an order in which the later may rely on the earlier. */
const SHEETS = ['base', 'head', 'gallery', 'run', 'theatre'];

/** The style of the whole page. */
export const pageStyle = SHEETS.map(read).join('\n');

/** What a page that is served has besides. */
export const liveStyle = read('live');

function read(name: string): string {
  return readFileSync(new URL(`./style/${name}.css`, import.meta.url), 'utf8');
}
