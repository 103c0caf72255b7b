import { styleOf, type Look } from './look.js';
import { tableLines } from './table.js';
import { clean } from './text.js';

/** One thing that the doctor looked at. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** The doctor's findings, a row each, with the fix below whatever needs one. */
export function doctorLines(checks: readonly Check[], look: Look): string[] {
  const { paint, signs } = styleOf(look);
  const mark = {
    ok: paint.green(signs.done),
    warning: paint.yellow(signs.warning),
    problem: paint.red(signs.failed),
  };
  return tableLines(
    checks.map((check) => ({
      cells: [`${mark[check.status]} ${clean(check.name)}`],
      rest: clean(check.message),
      advice: check.fix && `fix: ${clean(check.fix)}`,
      paintAdvice: paint.dim,
    })),
    { width: look.width },
  );
}
