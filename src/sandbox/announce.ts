import { createHmac } from 'node:crypto';
import { isoNow, type Clock } from '../clock.js';
import { isLoopback } from '../domain/loopback.js';
import type { JobStatus, SandboxJob, StatusOf } from './job.js';
import type { Marker } from './markers.js';

/** Tells the addresses that submits name how their jobs ended, as a gateway would. */
export interface Announcer {
  /** Waits for the end of a job, and then says so. */
  announce(job: SandboxJob, to: { readonly url: string; readonly markers: ReadonlySet<Marker> }): void;
  /** Ends the waiting; nothing is sent any more. */
  close(): Promise<void>;
}

/**
 * Only addresses on this machine are told: a rehearsal reaches nobody else. `secret` signs, `bodyOf` gives a job as a poll shows it.
 * What is not delivered is not sent again.
 */
export function openAnnouncer({
  secret,
  clock,
  statusOf,
  bodyOf,
}: {
  readonly secret: string;
  readonly clock: Clock;
  readonly statusOf: StatusOf;
  readonly bodyOf: (job: SandboxJob, status: JobStatus) => object;
}): Announcer {
  const closing = new AbortController();
  const telling = new Set<Promise<void>>();

  const tell = async (job: SandboxJob, url: string, markers: ReadonlySet<Marker>): Promise<void> => {
    await clock.sleep(job.ends_after, closing.signal);
    // The two clocks that a job goes by may differ by a moment.
    while (!isEnd(statusOf(job))) await clock.sleep(5, closing.signal);
    if (markers.has('late event')) await clock.sleep(job.ends_after, closing.signal);
    if (markers.has('lossy events') && isTenth(job)) return;
    const status = statusOf(job);
    const event = {
      type: `video.generation.${status}`,
      created_at: isoNow(clock),
      data: bodyOf(job, status),
    };
    const body = JSON.stringify(event);
    for (let times = markers.has('repeated event') ? 2 : 1; times > 0; times--) {
      const headers = {
        'content-type': 'application/json',
        'x-openrouter-signature': signatureOf(body, { secret, atMs: clock.now() }),
        'x-openrouter-idempotency-key': `${job.id}-${status}`,
      };
      const sent = await fetch(url, {
        method: 'POST',
        body,
        headers,
        redirect: 'manual',
        signal: closing.signal,
      });
      await sent.body?.cancel();
    }
  };

  return {
    announce(job, { url, markers }) {
      if (!URL.canParse(url) || !isLoopback(new URL(url).hostname)) return;
      // Nobody may be there any more.
      const told = tell(job, url, markers)
        .catch(() => undefined)
        .finally(() => telling.delete(told));
      telling.add(told);
    },
    async close() {
      closing.abort();
      await Promise.all(telling);
    },
  };
}

/** `t=<unix s>,v1=<hex>`: HMAC-SHA256 over `<t>,<body>`. */
function signatureOf(
  body: string,
  { secret, atMs }: { readonly secret: string; readonly atMs: number },
): string {
  const time = Math.floor(atMs / 1000);
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time},${body}`).digest('hex')}`;
}

function isEnd(status: JobStatus): boolean {
  return status !== 'pending' && status !== 'in_progress';
}

/** The ids are random, and so one in ten is one in ten of all. */
function isTenth({ id }: SandboxJob): boolean {
  return Number.parseInt(id.slice(-7), 16) % 10 === 0;
}
