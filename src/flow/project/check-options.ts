import { inspect } from 'node:util';
import { isRecord } from '../../domain/is-record.js';
import { DailiesError } from '../../errors.js';
import type { PlanOptions } from '../plan/plan.js';
import type { ProjectOptions } from './project.js';
import type { RunOptions } from '../commands/run.js';

/** Checks the types of the options of a manifest, as `checkWorkOptions` does. Throws `usage`. */
export function checkProjectOptions(options: ProjectOptions): void {
  check(options, PROJECT_RULES);
}

/**
 * Checks the types of the options of validate, plan and run, for programs in plain JavaScript. An unknown
 * name may be a misspelt ceiling, so it is an error too. Throws `usage`.
 */
export function checkWorkOptions(options: PlanOptions & RunOptions): void {
  check(options, WORK_RULES);
}

/** What one option may be: the words that end "… must be", and whether a value fits. */
interface Rule {
  readonly expects: string;
  readonly fits: (value: unknown) => boolean;
  readonly hint?: string;
}

const isText = (value: unknown) => typeof value === 'string';
const isIds = (value: unknown) => Array.isArray(value) && value.every(isText);

const YES_OR_NO: Rule = { expects: 'true or false', fits: (value) => typeof value === 'boolean' };
const TEXT: Rule = { expects: 'a text', fits: isText };
const OBJECT: Rule = { expects: 'an object', fits: isRecord };
const FUNCTION: Rule = { expects: 'a function', fits: (value) => typeof value === 'function' };

const FOLDER: Rule = { expects: 'a folder', fits: (value) => isText(value) && value !== '' };

const PROJECT_RULES: Readonly<Record<keyof ProjectOptions, Rule>> = {
  manifest: TEXT,
  gateway: TEXT,
  output: FOLDER,
  clips: FOLDER,
  store: { expects: "a database's address, such as postgres://user@host/dailies", fits: isText },
  vars: {
    expects: "texts by their names, such as { hero: 'a red fox' }",
    fits: (value) => isRecord(value) && Object.values(value).every(isText),
  },
  allowLargeMatrix: YES_OR_NO,
  concurrency: {
    expects: 'a whole number from 1 up',
    fits: (value) => Number.isInteger(value) && Number(value) >= 1,
  },
  env: OBJECT,
  clock: OBJECT,
};

const WORK_RULES: Readonly<Record<keyof (PlanOptions & RunOptions), Rule>> = {
  only: {
    expects: 'a list of at least one id',
    fits: (value) => isIds(value) && (value as unknown[]).length > 0,
    hint: 'name a shot, or leave it out to mean all of them',
  },
  until: TEXT,
  rerender: { expects: 'a list of ids', fits: isIds },
  retryFailed: YES_OR_NO,
  verify: YES_OR_NO,
  onUncertain: { expects: 'hold or resubmit', fits: (value) => value === 'hold' || value === 'resubmit' },
  approve: YES_OR_NO,
  offline: YES_OR_NO,
  preflight: YES_OR_NO,
  maxCostUsd: {
    expects: 'US dollars, a number from 0 up',
    fits: (value) => Number.isFinite(value) && Number(value) >= 0,
  },
  allowUnpriced: YES_OR_NO,
  withKey: {
    expects: 'true, false or a function',
    fits: (value) => ['boolean', 'function'].includes(typeof value),
  },
  locked: YES_OR_NO,
  ifPlan: TEXT,
  callback: TEXT,
  listen: TEXT,
  confirm: FUNCTION,
  onEvent: FUNCTION,
  onOpen: FUNCTION,
  renderSheet: FUNCTION,
  signal: { expects: 'an AbortSignal', fits: (value) => value instanceof AbortSignal },
};

/** A value for a message: on one line, and without nested values. */
const SHORTLY = { depth: 0, breakLength: Infinity, maxStringLength: 60, maxArrayLength: 3 };

function check(options: object, rules: Readonly<Record<string, Rule>>): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = rules[name];
    if (rule === undefined) {
      const hint = `there are ${Object.keys(rules).join(', ')}`;
      throw new DailiesError('usage', `there is no option ${name} here`, { hint });
    }
    if (value === undefined || rule.fits(value)) continue;
    throw new DailiesError('usage', `${name} must be ${rule.expects}, not ${inspect(value, SHORTLY)}`, {
      hint: rule.hint ?? 'correct it, or leave it out; docs/library.md lists the options',
    });
  }
}
