import type { PlanAction } from '../domain/plan.js';

/** The signs in use, each with a plain stand-in for terminals without UTF-8. */
export interface Glyphs {
  readonly action: Readonly<Record<PlanAction, string>>;
  readonly done: string;
  readonly failed: string;
  readonly warning: string;
  /** Separates facts on a line. */
  readonly dot: string;
  /** Stands where there is nothing to say. */
  readonly none: string;
  /** Between the ends of a range. */
  readonly to: string;
  readonly arrow: string;
  readonly times: string;
  readonly ellipsis: string;
  readonly barFull: string;
  readonly barEmpty: string;
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

export function glyphs(unicode: boolean): Glyphs {
  return unicode ? UNICODE : ASCII;
}
