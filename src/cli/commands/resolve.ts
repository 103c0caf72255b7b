import { DailiesError } from '../../errors.js';
import type { Settlement } from '../../flow/commands/resolve.js';
import { formatUsd } from '../../ui/figures.js';
import { clean } from '../../ui/text.js';
import { unsettledLines } from '../../ui/unsettled-lines.js';
import { act, addExamples, type Register } from '../command.js';
import { answer } from '../context.js';
import { nextCommands, openProject, type ManifestFlags } from '../flags.js';
import { addFormatOption, addKeyOption, addManifestOptions, addStoreOption, parseText } from '../options.js';
import { interruptible } from '../signals.js';

interface ResolveFlags extends ManifestFlags {
  readonly all?: boolean;
  readonly jobId?: string;
  readonly notCharged?: boolean;
  readonly abandon?: boolean;
  readonly generation?: string;
}

export const registerResolve: Register = (program, context) => {
  const command = program
    .command('resolve <MANIFEST> [SHOT...]')
    .description('show or settle shots whose submit was never answered');
  addKeyOption(addStoreOption(addManifestOptions(command)))
    .option('--all', 'settles every shot that waits for it')
    .option('--job-id <ID>', 'the gateway accepted it as this job; the next run downloads it', parseText)
    .option('--not-charged', 'the gateway did not accept it: the shot can be bought again')
    .option('--abandon', 'gives it up, and counts it as spent; also for lost jobs')
    .option(
      '--generation <ID>',
      "shows what the gateway's accounts say of this id, and settles nothing",
      parseText,
    );
  addFormatOption(command);
  addExamples(command, [
    ['dailies resolve teaser.yaml', 'shows what was sent when, and what the key has used since'],
    ['dailies resolve teaser.yaml harbor --job-id vid_123', "found in the gateway's list of activity"],
    ['dailies resolve teaser.yaml harbor --not-charged', 'not found there'],
    ['dailies resolve teaser.yaml --all --not-charged', ''],
  ]);
  act<ResolveFlags>(command, context, async (invocation) => {
    const { words, flags } = invocation;
    const shots = words.slice(1);
    const settlement = settlementOf(flags, shots);
    const project = await openProject(context, invocation);
    const { keyConsent } = await import('../key-consent.js');
    const withKey = (await keyConsent(context, project, { withKey: flags.withKey === true })) === true;
    if (settlement === undefined) {
      const { unsettledShots } = await import('../../flow/commands/unsettled.js');
      const { generation } = flags;
      const account = await interruptible((signal) =>
        unsettledShots(project, { shots, generation, withKey, signal }),
      );
      const command = nextCommands(invocation).resolve;
      answer(context, account, () => unsettledLines(account, { command }));
      return 0;
    }
    const { resolveShots } = await import('../../flow/commands/resolve.js');
    const resolution = await interruptible((signal) =>
      resolveShots(project, { shots, all: flags.all === true, settlement, withKey, signal }),
    );
    answer(context, resolution, () => {
      const { settled, usage_usd: usage } = resolution;
      const lines = settled.map(({ owner, as }) => `${clean(owner.shot)}@${owner.take}  ${WORDS[as]}`);
      return [
        ...(lines.length === 0 ? ['nothing to settle'] : lines),
        ...(usage === undefined
          ? []
          : [`the gateway says that the key has used ${formatUsd(usage)} in total`]),
      ];
    });
    return 0;
  });
};

const WORDS: Readonly<Record<Settlement['as'], string>> = {
  job: 'has its job again; the next run downloads it',
  not_charged: 'can be bought again',
  abandoned: 'is given up',
};

/** Undefined: to show, and settle nothing. Throws `usage` unless the words say whom to settle, and exactly one thing to do. */
function settlementOf(flags: ResolveFlags, shots: readonly string[]): Settlement | undefined {
  const isToSettle = flags.jobId !== undefined || flags.notCharged === true || flags.abandon === true;
  if (!isToSettle && flags.all !== true) return undefined;
  if (flags.generation !== undefined) {
    throw new DailiesError('usage', '--generation only shows, and settles nothing', {
      hint: 'settle the shot with a second command',
    });
  }
  if ((shots.length === 0) !== (flags.all === true)) {
    throw new DailiesError('usage', 'resolve needs either shots or --all', {
      hint: 'dailies status MANIFEST shows what to settle',
    });
  }
  const settlements: Settlement[] = [
    ...(flags.jobId === undefined ? [] : [{ as: 'job', jobId: flags.jobId } as const]),
    ...(flags.notCharged === true ? [{ as: 'not_charged' } as const] : []),
    ...(flags.abandon === true ? [{ as: 'abandoned' } as const] : []),
  ];
  const [settlement] = settlements;
  if (settlement !== undefined && settlements.length === 1) return settlement;
  throw new DailiesError('usage', 'resolve needs one of --job-id ID, --not-charged and --abandon', {
    hint: "look for the job in the gateway's list of activity: give --job-id if it is there, otherwise --not-charged",
  });
}
