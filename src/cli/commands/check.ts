import { count } from '../../ui/figures.js';
import { clean } from '../../ui/text.js';
import { act, addExamples, type Register } from '../command.js';
import { answer, noteLines } from '../context.js';
import { openProject, type ManifestFlags } from '../flags.js';
import { addFormatOption, addManifestOptions, addStoreOption } from '../options.js';
import { interruptible } from '../signals.js';

export const registerCheck: Register = (program, context) => {
  const command = program
    .command('check <MANIFEST>')
    .description('find black, frozen and silent stretches in clips');
  addFormatOption(addStoreOption(addManifestOptions(command)));
  addExamples(command, [
    ['dailies check teaser.yaml', 'by the checks of the manifest, else by all; needs ffmpeg, buys nothing'],
    ['dailies check teaser.yaml --format json', ''],
  ]);
  act<ManifestFlags>(command, context, async (invocation) => {
    const project = await openProject(context, invocation);
    const { checkClips } = await import('../../flow/commands/check.js');
    const account = await interruptible((signal) => checkClips(project, signal));
    const { checked, skipped, findings, warnings } = account;
    noteLines(
      context,
      warnings.map((warning) => `warning: ${clean(warning)}`),
    );
    answer(context, account, () => [
      ...findings.map(({ key, output, message }) => {
        const which = output === 0 ? '' : `, clip ${output + 1}`;
        return `  ${clean(key)}${which}  ${message}`;
      }),
      `${count(checked, 'clip')} checked, ${count(findings.length, 'finding')}${skipped === 0 ? '' : `, ${skipped} skipped`}`,
    ]);
    return findings.length === 0 && skipped === 0 ? 0 : 1;
  });
};
