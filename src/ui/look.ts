import { styleText } from 'node:util';
import type { PlanAction } from '../domain/plan.js';

/** How text may look on the stream it goes to. */
export interface Look {
  readonly color: boolean;
  readonly unicode: boolean;
  /** Columns that a line may fill; Infinity if nothing wraps, as in a file. */
  readonly width: number;
}

/** What of an output stream decides its look. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** What stream and environment allow: see https://no-color.org and Node's rule that FORCE_COLOR wins over it. */
export function detectLook(screen: Screen, env: Env, platform: NodeJS.Platform): Look {
  return {
    color: allowsColor(screen, env),
    unicode: allowsUnicode(env, platform),
    // A terminal that reports 0, as a pseudo-terminal without a size does, does not know its width.
    width: screen.isTTY === true ? Math.max(20, screen.columns || 80) : Infinity,
  };
}

/** Whether lines already written may be drawn over. */
export function allowsRedraw(screen: Screen, env: Env): boolean {
  return screen.isTTY === true && env['TERM'] !== 'dumb';
}

function allowsColor(screen: Screen, env: Env): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (env['NO_COLOR']) return false;
  return allowsRedraw(screen, env);
}

function allowsUnicode(env: Env, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] === 'vscode';
  // The text console of Linux takes UTF-8 but has no glyphs for most of it.
  if (env['TERM'] === 'linux') return false;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  if (locale === undefined || locale === '') return platform === 'darwin';
  return /utf-?8/i.test(locale);
}

/** What the lines of a look are made with. */
export interface Style {
  readonly paint: Palette;
  readonly signs: Glyphs;
}

/** The colours and the signs that a look allows. */
export function styleOf({ color, unicode }: Omit<Look, 'width'>): Style {
  return { paint: palette(color), signs: unicode ? UNICODE : ASCII };
}

/** Colours a text, or leaves it as it is. */
export type Paint = (text: string) => string;

/** The few colours in use. They support the words and never replace them. */
const COLORS = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'cyan'] as const;
export type Palette = Readonly<Record<(typeof COLORS)[number], Paint>>;

/** The colours, or none. */
export function palette(color: boolean): Palette {
  const paint =
    (name: keyof Palette): Paint =>
    (text) =>
      color && text !== '' ? styleText(name, text, { validateStream: false }) : text;
  return Object.fromEntries(COLORS.map((name) => [name, paint(name)])) as Palette;
}

/** The signs in use, each with a plain stand-in for terminals without UTF-8. */
export interface Glyphs {
  readonly action: Readonly<Record<PlanAction, string>>;
  /** For a take that waits for another one, or for a pick, whatever its action would be then. */
  readonly blocked: string;
  readonly done: string;
  readonly failed: string;
  readonly warning: string;
  /** Separates facts on a line. */
  readonly dot: string;
  /** Fills an empty cell. */
  readonly none: string;
  /** Between the ends of a range. */
  readonly to: string;
  readonly arrow: string;
  readonly times: string;
  readonly ellipsis: string;
  readonly barFull: string;
  readonly barEmpty: string;
}

/** A sign before a row; the signs of actions are the plan's. */
export type Mark = 'done' | 'failed' | 'blocked' | PlanAction;

/** The text of a mark. */
export function markOf(mark: Mark, signs: Glyphs): string {
  return mark === 'done' || mark === 'failed' || mark === 'blocked' ? signs[mark] : signs.action[mark];
}

const UNICODE: Glyphs = {
  action: {
    render: '+',
    rerender: '~',
    resume: '↻',
    download: '↓',
    reuse: '=',
    retry: '!',
    held: '?',
    orphan: '-',
  },
  blocked: '‖',
  done: '✓',
  failed: '✗',
  warning: '!',
  dot: '·',
  none: '–',
  to: '–',
  arrow: '→',
  times: '×',
  ellipsis: '…',
  barFull: '█',
  barEmpty: '░',
};

const ASCII: Glyphs = {
  action: { ...UNICODE.action, resume: '>', download: 'v' },
  blocked: '|',
  done: '*',
  failed: 'x',
  warning: '!',
  dot: '-',
  none: '-',
  to: '-',
  arrow: '->',
  times: 'x',
  ellipsis: '...',
  barFull: '#',
  barEmpty: '.',
};
