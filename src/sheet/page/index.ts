import { makeCards } from './card.js';
import { makeCostPicture } from './cost-picture.js';
import { makeDifferences } from './differences.js';
import { makeDom } from './dom.js';
import { makeFormat } from './format.js';
import { makeGallery } from './gallery.js';
import { makeHelp } from './help.js';
import { makeMasthead } from './masthead.js';
import { makeMemory } from './memory.js';
import { makeNotes } from './notes.js';
import { makePicks } from './picks.js';
import { makePlayers } from './players.js';
import { makeProgrammes } from './programmes.js';
import { makeProjector } from './projector.js';
import { makeRunPicture } from './run-picture.js';
import { makeSelection } from './selection.js';
import { start } from './start.js';
import { makeStock } from './stock.js';
import { makeTheatre } from './theatre.js';
import { layOutTimeline } from './timeline.js';
import { makeToolbar } from './toolbar.js';

/*
 * The page's script is made of the functions in this folder as they were compiled: their text, by
 * Function.prototype.toString(). So the page is written in TypeScript and checked (by this folder's own
 * tsconfig.json, for the DOM's names shall not leak into a Node program), and there is neither a bundler nor a
 * file to look for at run time: it works the same from the sources under test and from dist.
 *
 * The condition: a function of this folder uses only its parameters, its own contents and the
 * browser. Imports of values and names beside the function do not reach the page; test/sheet/page-script.test.ts
 * checks that. So the parts are passed to one another as parameters.
 */

const parts = {
  makeCards,
  makeCostPicture,
  makeDifferences,
  makeDom,
  makeFormat,
  makeGallery,
  makeHelp,
  makeMasthead,
  makeMemory,
  makeNotes,
  makePicks,
  makePlayers,
  makeProgrammes,
  makeProjector,
  makeRunPicture,
  makeSelection,
  makeStock,
  makeTheatre,
  makeToolbar,
  layOutTimeline,
};

export type Parts = typeof parts;
export type {
  EarlierTake,
  Fact,
  SheetClip,
  SheetData,
  SheetHead,
  SheetPatch,
  SheetTake,
  StateGroup,
} from './data.js';

/** The script of the page; it reads the `SheetData` that is stored as JSON in the element with this id. */
export function pageScript(dataId: string): string {
  return scriptOf(dataId, 'undefined');
}

/** The same, with the text of what it is served by: see `Serve`. */
export function scriptOf(dataId: string, serve: string): string {
  const script = `'use strict';
(${start.toString()})(
${textOf(parts)},
JSON.parse(document.getElementById(${JSON.stringify(dataId)}).textContent),
${serve});
`;
  // The page's policy hashes what the browser's parser sees, and the parser normalises line ends.
  return script.replaceAll('\r\n', '\n');
}

/** Functions as the text of an object that holds them. */
export function textOf(functions: Readonly<Record<string, { toString(): string }>>): string {
  const entries = Object.entries(functions).map(([name, part]) => `${name}: ${part.toString()}`);
  return `{ ${entries.join(',\n')} }`;
}
