import { inspect } from 'node:util';
import { DailiesError } from '../errors.js';
import type { PlanOptions } from './plan.js';
import type { RunOptions } from './run.js';

/** What one option may be: the words that end "… has to be", and whether a value is that. */
interface Rule {
  readonly expects: string;
  readonly fits: (value: unknown) => boolean;
}

const USD: Rule = {
  expects: 'US dollars, a number from 0 up',
  fits: (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
};

/** The options of validate, plan and run that have a rule. */
const WORK_RULES = {
  maxCostUsd: USD,
} satisfies Partial<Record<keyof (PlanOptions & RunOptions), Rule>>;

/**
 * Holds the options of validate, plan and run to their types, which programs in plain JavaScript do not know.
 * Throws `usage`.
 */
export function checkWorkOptions(options: PlanOptions & RunOptions): void {
  check(options, WORK_RULES);
}

/** How a value stands in a message: a list or an object by its kind alone. */
const SHORTLY = { depth: -1, maxStringLength: 60 };

function check(options: object, rules: Readonly<Record<string, Rule>>): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = rules[name];
    if (rule === undefined || value === undefined || rule.fits(value)) continue;
    throw new DailiesError('usage', `${name} has to be ${rule.expects}, not ${inspect(value, SHORTLY)}`, {
      exitCode: 2,
      hint: 'leave it out to do without, or see docs/library.md',
    });
  }
}
