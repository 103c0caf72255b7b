import type { Clock } from '../../clock.js';
import { openPort, sendText, type OpenPort } from '../../monitor/open-port.js';
import { webhookAnswer } from '../../monitor/webhooks.js';
import type { WebhookOutcome } from '../work/webhooks.js';

/**
 * Hears webhooks for all workers of a store: verifies them, and leaves each as a hint in the database, for the worker that has the
 * job. It asks no gateway and has no key. Throws `usage` on an address that it cannot listen on, and as the store does.
 */
export async function openHook({
  store: url,
  listen,
  secret,
  clock,
  onOutcome,
}: {
  /** The database's address. */
  readonly store: string;
  /** `HOST:PORT`. */
  readonly listen: string;
  readonly secret: string;
  readonly clock: Clock;
  readonly onOutcome: (outcome: WebhookOutcome) => void;
}): Promise<OpenPort> {
  const { openHintBox } = await import('../../store/postgres/pass-on.js');
  const box = await openHintBox({ url, clock });
  const hear = webhookAnswer({
    secret,
    clock,
    onOutcome,
    onEvent: ({ token, job }) => box.leave(token, job),
  });
  try {
    const port = await openPort(listen, async (request, response) => {
      const isHealth = request.method === 'GET' && request.url === '/healthz';
      if (isHealth) sendText(request, response, { status: 200, text: 'ok\n' });
      else await hear(request, response);
    });
    return {
      address: port.address,
      async close() {
        await port.close();
        await box.close();
      },
    };
  } catch (error) {
    await box.close();
    throw error;
  }
}
