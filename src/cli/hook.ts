import { isoNow, systemClock } from '../clock.js';
import { DailiesError, type ExitCode } from '../errors.js';
import { openHook } from '../flow/batch/hook.js';
import { webhookSecret } from '../flow/project/webhook-secret.js';
import { noteLines, printLines, type CliContext } from './context.js';
import { storeOf } from './flags.js';
import { refusalLog } from './refusal-log.js';
import { aborted, interruptible } from './signals.js';

export interface HookFlags {
  readonly store?: string;
  readonly listen?: string;
  readonly quiet?: boolean;
}

/** Hears webhooks until a signal ends it. */
export async function hook(context: CliContext, { listen, quiet, ...flags }: HookFlags): Promise<ExitCode> {
  const store = storeOf(flags);
  if (listen === undefined) {
    throw new DailiesError('usage', 'a hook must know where to listen', {
      hint: 'give --listen HOST:PORT, to which the address in --callback leads',
    });
  }
  const secret = webhookSecret(context.env);
  const logRefusal = refusalLog(systemClock, (message) =>
    printLines(context, [`${isoNow(systemClock)}  ${message}`]),
  );
  await interruptible(async (signal) => {
    const onOutcome = quiet === true ? () => undefined : logRefusal;
    const port = await openHook({ store, listen, secret, clock: systemClock, onOutcome });
    try {
      noteLines(context, [`listening on ${port.address}`]);
      await aborted(signal);
    } finally {
      await port.close();
    }
  });
  return 0;
}
