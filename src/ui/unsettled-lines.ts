import { takeName } from '../domain/take.js';
import type { Generation, Unsettled, UsageSince } from '../domain/unsettled.js';
import { count, formatUsd } from './figures.js';
import { clean } from './text.js';

/** An answer of the gateway's accounts, as `dailies resolve` has it. */
type Asked =
  | (Generation & { readonly found: true; readonly may_be: readonly string[] })
  | { readonly found: false; readonly id: string; readonly message: string };

/** What helps a person to settle shots, in lines. `command`: `dailies resolve MANIFEST`. */
export function unsettledLines(
  account: {
    readonly unsettled: readonly Unsettled[];
    readonly usage_usd?: number;
    readonly generation?: Asked;
  },
  { command }: { readonly command: string },
): string[] {
  const { unsettled, usage_usd: usage, generation } = account;
  return [
    ...(unsettled.length === 0 ? ['nothing to settle'] : []),
    ...unsettled.flatMap((open) => [...linesOf(open), `  settle it: ${settleWith(command, open)}`, '']),
    ...(usage === undefined ? [] : [`the gateway says that the key has used ${formatUsd(usage)} in total`]),
    ...(generation ? generationLines(generation) : []),
  ];
}

function linesOf(open: Unsettled): string[] {
  const { submitted_at: from, lost_at: to, job_id: job, usage, estimate } = open;
  const sent = from === undefined ? 'when is not known' : `${from}${to === undefined ? '' : ` to ${to}`}`;
  return [
    `${clean(takeName(open.owner))}: ${open.state === 'lost' ? 'its job is lost' : 'no certain answer to the submit'} (${clean(open.message)})`,
    `  sent      ${sent}, to ${clean(open.gateway)}`,
    `  asked for ${clean(requestWords(open))}`,
    ...(job === undefined ? [] : [`  job       ${clean(job)}`]),
    ...(estimate ? [`  expected  ${formatUsd(estimate.expected_usd)}`] : []),
    ...(usage ? [`  usage     ${usageWords(usage)}`] : []),
  ];
}

function requestWords({ request }: Unsettled): string {
  const { model, prompt, duration, size, resolution, seed } = request;
  const words = [
    model,
    duration === undefined ? undefined : `${duration} s`,
    size ?? resolution,
    seed === undefined ? undefined : `seed ${seed}`,
    prompt === undefined ? undefined : JSON.stringify(excerpt(prompt)),
  ];
  return words.filter((word) => word !== undefined).join(', ');
}

function excerpt(text: string): string {
  const letters = Array.from(text.replace(/\s+/g, ' '));
  return letters.length <= 60 ? letters.join('') : `${letters.slice(0, 59).join('')}…`;
}

/** Only a hint: others may use the key, and gateways count late. */
function usageWords({ before_usd, asked_at, now_usd, known_usd }: UsageSince): string {
  const before = `${formatUsd(before_usd)} at ${asked_at}`;
  if (now_usd === undefined) return `the key had used ${before}`;
  const rose = `up ${formatUsd(now_usd - before_usd)} since ${before}`;
  return `${rose}; known jobs of this project cost ${formatUsd(known_usd)} of that: a hint, because gateways count late`;
}

function settleWith(command: string, { owner, state }: Unsettled): string {
  const shot = `${command} ${clean(takeName(owner))}`;
  return state === 'lost' ? `${shot} --abandon` : `${shot} --job-id ID | --not-charged`;
}

function generationLines(asked: Asked): string[] {
  if (!asked.found) {
    return [
      `the gateway's accounts tell nothing of ${clean(asked.id)} (${clean(asked.message)})`,
      'that does not mean that nothing was charged: look into the list of activity',
    ];
  }
  const { id, cost_usd, created_at, model, served_by, session_id, user, may_be } = asked;
  const facts = [
    created_at === undefined ? undefined : `made ${created_at}`,
    model,
    served_by === undefined ? undefined : `served by ${served_by}`,
    cost_usd === undefined ? 'no cost told' : `cost ${formatUsd(cost_usd)}`,
    session_id === undefined ? undefined : `session ${session_id}`,
    user === undefined ? undefined : `user ${user}`,
  ];
  return [
    `the gateway's accounts have ${clean(id)}: ${clean(facts.filter((fact) => fact !== undefined).join(', '))}`,
    may_be.length === 0
      ? 'by its time and model it is none of the submits above'
      : `by its time and model it can be ${count(may_be.length, 'submit')} of those above: ${clean(may_be.join(', '))}`,
  ];
}
