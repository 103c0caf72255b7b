import { resolve } from 'node:path';
import { act, addExamples, type Register } from '../command.js';
import { noteLines, printLines } from '../context.js';
import { addQuietOption, parseFactor, parsePort, parseText } from '../options.js';
import { shownPath } from '../shown-path.js';
import { interruptible } from '../signals.js';

interface SandboxFlags {
  readonly port: number;
  readonly state: string;
  readonly speed: number;
  readonly quiet?: boolean;
}

export const registerSandbox: Register = (program, context) => {
  const command = program
    .command('sandbox')
    .description('serve a gateway on loopback that renders for free')
    .option('--port <N>', 'the port to listen on; 0 takes a free one', parsePort, 0)
    .option(
      '--state <DIR>',
      'where its jobs are kept, so that they outlive it',
      parseText,
      '.dailies/sandbox',
    )
    .option('--speed <N>', 'how many times faster than usual its jobs are', parseFactor, 1);
  addQuietOption(command);
  addExamples(command, [
    ['dailies sandbox --port 8080', 'prints its base URL'],
    [
      'DAILIES_API_KEY=any dailies run teaser.yaml --gateway http://127.0.0.1:8080/api/v1',
      'renders on it; any key will do',
    ],
  ]);
  act<SandboxFlags>(command, context, async ({ flags }) => {
    const [{ startSandbox }, { makeStateDir }] = await Promise.all([
      import('../../sandbox/server.js'),
      import('../../sandbox/job-store.js'),
    ]);
    const stateDir = resolve(flags.state);
    await makeStateDir(stateDir);
    const interruption = interruptible();
    const sandbox = await startSandbox({ stateDir, port: flags.port, speed: flags.speed });
    try {
      printLines(context, [sandbox.baseUrl]);
      if (flags.quiet !== true)
        noteLines(context, [`jobs are kept in ${shownPath(stateDir)}; Ctrl-C ends it`]);
      await aborted(interruption.signal);
    } finally {
      await sandbox.close();
      interruption.release();
    }
    // Ctrl-C is how it is meant to end.
    return 0;
  });
};

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((end) => {
    if (signal.aborted) end();
    else signal.addEventListener('abort', () => end(), { once: true });
  });
}
