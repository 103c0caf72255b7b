import { resolve } from 'node:path';
import { commandLine, fileWord } from '../../ui/shell.js';
import { tableLines } from '../../ui/table.js';
import { clean, count } from '../../ui/text.js';
import { formatBytes } from '../../ui/time.js';
import { act, addExamples, type Register } from '../command.js';
import { printJson, printLines } from '../context.js';
import { openProject } from '../open-project.js';
import { addFormatOption, addManifestOptions, type ManifestFlags } from '../options.js';
import { shownPath } from '../shown-path.js';

interface PruneFlags extends ManifestFlags {
  readonly yes?: boolean;
}

export const registerPrune: Register = (program, context) => {
  const command = program
    .command('prune <MANIFEST>')
    .description('list clips that no shot uses; --yes removes them');
  addManifestOptions(command).option('--yes', 'removes what is listed');
  addFormatOption(command);
  addExamples(command, [
    ['dailies prune teaser.yaml', 'lists the clips of removed shots, and those that newer ones have replaced'],
    ['dailies prune teaser.yaml --yes', 'removes them; clips of other projects are never touched'],
  ]);
  act<PruneFlags>(command, context, async ({ words: [manifest = ''], flags }) => {
    const project = await openProject(context, manifest, flags);
    const { pruneClips } = await import('../../flow/commands/prune.js');
    const remove = flags.yes === true;
    const clips = await pruneClips(project, { remove });
    if (context.format === 'json') {
      printJson(context, { version: 1, removed: remove, clips });
      return 0;
    }
    const bytes = clips.reduce((sum, clip) => sum + clip.bytes, 0);
    const rows = clips.map((clip) => ({
      cells: [
        `- ${clean(clip.shot)}@${clip.take}`,
        formatBytes(clip.bytes),
        clip.sha256.slice(0, 12),
      ],
    }));
    const total = `${count(clips.length, 'clip')}, ${formatBytes(bytes)}`;
    printLines(context, [
      ...tableLines(rows, { width: Infinity, right: new Set([1]) }),
      ...(clips.length === 0
        ? ['nothing to remove']
        : [
            remove
              ? `removed ${total}`
              : `${total}; ${commandLine('dailies', 'prune', fileWord(manifest), '--yes')} removes them`,
          ]),
    ]);
    return 0;
  });
};
