import { DailiesError } from '../../errors.js';
import { act, addExamples, type Register } from '../command.js';
import { printLines } from '../context.js';
import { openProject, projectOptions, type ManifestFlags } from '../flags.js';
import { addKeyOption, addManifestOptions, addStoreOption, parsePort, parseUsd } from '../options.js';
import { Interrupted, interruptible } from '../signals.js';

export const registerView: Register = (program, context) => {
  const command = program
    .command('view <MANIFEST>')
    .description('serve the contact sheet, live, to work in it');
  addKeyOption(addStoreOption(addManifestOptions(command)))
    .option('--port <N>', 'the port on this machine; any that is free by default', parsePort)
    .option('--approve', 'runs of the page stop after each generation of shots until takes are picked')
    .option('--max-cost <USD>', 'each run of the page spends no more than this', parseUsd);
  addExamples(command, [
    ['dailies view teaser.yaml', 'prints the address to open; Ctrl-C ends it'],
    ['dailies view teaser.yaml --gateway sandbox --approve', 'rehearses with picks, for free'],
  ]);
  type Flags = ManifestFlags & {
    readonly port?: number;
    readonly approve?: boolean;
    readonly maxCost?: number;
  };
  act<Flags>(command, context, async (invocation) => {
    const { port = 0, approve: approves, maxCost: maxCostUsd, withKey: isWithKey = false } = invocation.flags;
    const project = projectOptions(context, invocation);
    const [{ openView }, { renderSheet }, { keyConsent }, { systemClock }] = await Promise.all([
      import('../../view/open-view.js'),
      import('../../sheet/render.js'),
      import('../key-consent.js'),
      import('../../clock.js'),
    ]);
    const withKey =
      (await keyConsent(context, await openProject(context, invocation), { withKey: isWithKey })) === true;
    const view = await openView({
      ...{ project, port, approves, clock: systemClock },
      terms: { withKey, maxCostUsd, renderSheet },
    });
    printLines(context, [
      `Open ${view.address}`,
      'Whoever has this address can do what the page does. Ctrl-C ends it.',
    ]);
    try {
      await interruptible(untilAborted);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    } finally {
      await view.close();
    }
    return 0;
  });
};

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () =>
      reject(signal.reason instanceof Error ? signal.reason : new DailiesError('internal', 'aborted'));
    signal.addEventListener('abort', end, { once: true });
  });
}
