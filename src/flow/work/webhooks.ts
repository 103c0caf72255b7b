import type { Clock } from '../../clock.js';
import type { Attempt } from '../../domain/attempt.js';
import { openPort, type Answer, type OpenPort } from '../../monitor/open-port.js';
import { webhookAnswer, type Refusal } from '../../monitor/webhooks.js';
import type { AttemptStore } from '../../store/attempt-store.js';
import type { Hints } from './hints.js';
import type { JobOrder } from './worker.js';

export type { Answer };
export type WebhookOutcome = 'heard' | Refusal;

/** How many webhooks were refused, by the reason. */
export type Refused = Readonly<Partial<Record<Refusal, number>>>;

/** What hears the webhooks of gateways. */
export interface HearingTools {
  readonly secret: string;
  readonly clock: Clock;
  readonly attempts: Pick<AttemptStore<JobOrder>, 'hinted'>;
  readonly hints: Pick<Hints, 'hear'>;
}

/** Answers webhooks: a verified one becomes a hint for the worker that has the job in hand. */
export function hearing(
  { attempts, hints, ...verifying }: HearingTools,
  onOutcome: (outcome: WebhookOutcome) => void,
): Answer {
  return webhookAnswer({
    ...verifying,
    onOutcome,
    async onEvent({ token, job }) {
      const attempt = await attempts.hinted(token, job);
      if (attempt !== undefined && attempt !== 'passed on') hints.hear(attempt, job);
      return attempt !== undefined;
    },
  });
}

/** Takes in webhooks that other processes have heard, which the database reports with each heartbeat. */
export function hearingBeats({
  attempts,
  hints,
}: {
  readonly attempts: { readonly told: (document: unknown) => Attempt | undefined };
  readonly hints: Pick<Hints, 'hear'>;
}): (document: unknown, job: string) => void {
  return (document, job) => {
    const attempt = attempts.told(document);
    if (attempt) hints.hear(attempt, job);
  };
}

/** A port on which webhooks are heard. */
export interface Hearing extends OpenPort {
  refused(): Refused;
}

/** Opens a port for webhooks alone. Throws as `openPort`. */
export async function hear(tools: HearingTools, listen: string): Promise<Hearing> {
  const refused: Partial<Record<Refusal, number>> = {};
  const port = await openPort(
    listen,
    hearing(tools, (outcome) => {
      if (outcome !== 'heard') refused[outcome] = (refused[outcome] ?? 0) + 1;
    }),
  );
  return { ...port, refused: () => refused };
}
