import type { SheetClip, SheetData, SheetNote, SheetTake } from './data.js';
import type { Dom } from './dom.js';
import type { Format } from './format.js';
import type { Memory } from './memory.js';
import type { Picks } from './picks.js';
import type { Stock } from './stock.js';

/** What the page has before anything is shown. */
export interface Base {
  readonly data: SheetData;
  readonly dom: Dom;
  readonly format: Format;
  readonly memory: Memory;
  readonly stock: Stock;
}

/** What a page that is served can do besides. A sheet from a disk has none of it. */
export interface Service {
  readonly picks: Picks;
  /** Stands between the masthead and the toolbar. */
  readonly bar: HTMLElement;
  /** What can be done about a take, as buttons on its card. */
  readonly controlsOf: (take: SheetTake) => HTMLElement[];
  readonly notes: NoteDesk;
  /** Keys of the sheet: what each does with the current take, and how the help says it. */
  readonly keys: Readonly<Record<string, ServiceKey>>;
  /** Called once, when the page is there. */
  readonly begin: (page: Page) => void;
}

export interface ServiceKey {
  readonly words: string;
  readonly act: (take: SheetTake | undefined) => void;
}

/** Writes notes down. */
export interface NoteDesk {
  readonly add: (clip: SheetClip, seconds: number, text: string) => void;
  readonly remove: (note: SheetNote) => void;
}

/** What a service asks of the page. */
export interface Page {
  /** Tells something in passing, with a button to answer it. */
  readonly say: (text: string, answer?: { readonly words: string; readonly act: () => void }) => void;
  /** Shows a take's card. */
  readonly go: (take: SheetTake) => void;
}

/** Makes the service of a page. */
export type Serve = (base: Base) => Service;
