import { scriptOf, textOf } from '../index.js';
import { makeBar } from './bar.js';
import { makeConnection } from './connection.js';
import { makeDialogs } from './dialogs.js';
import { makeEditQuestion } from './edit-question.js';
import { makeHeld } from './held.js';
import { makeLive } from './live.js';
import { makeLivePicks } from './live-picks.js';
import { makeRunQuestion } from './run-question.js';

/* The functions that only a served page has; the rule of ../index.ts holds for them, too. */
const parts = {
  makeBar,
  makeConnection,
  makeDialogs,
  makeEditQuestion,
  makeHeld,
  makeLivePicks,
  makeRunQuestion,
};

export type LiveParts = typeof parts;

/** The script of the page that `dailies view` serves; it knows all up to the revision `since`. */
export function livePageScript(dataId: string, since: string): string {
  return scriptOf(
    dataId,
    `(base) => (${makeLive.toString()})(${textOf(parts)}, base, ${JSON.stringify(since)})`,
  );
}
