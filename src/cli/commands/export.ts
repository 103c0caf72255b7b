import { Option } from 'commander';
import { defined } from '../../domain/defined.js';
import type { Diagnostic } from '../../domain/diagnostic.js';
import type { ExportFormat } from '../../flow/commands/export.js';
import { count } from '../../ui/figures.js';
import { clean } from '../../ui/text.js';
import { act, addExamples, type Register } from '../command.js';
import { answer, noteDiagnostics, noteLines, shownPath } from '../context.js';
import { openProject, type ManifestFlags } from '../flags.js';
import { addFormatOption, addManifestOptions, addStoreOption, parseText } from '../options.js';

export const registerExport: Register = (program, context) => {
  const command = program
    .command('export <MANIFEST>')
    .description('write the cut as a timeline for an editor')
    .addOption(
      new Option('--to <FORMAT>', 'OpenTimelineIO, Final Cut Pro, a CMX 3600 list, or a table of takes')
        .choices(['otio', 'fcpxml', 'edl', 'csv'])
        .makeOptionMandatory(),
    )
    .option('--out <FILE>', 'the file to write; <output>/<project>.<format> by default', parseText)
    .addOption(
      new Option('--media <WORD>', 'copy: places copies of the clips beside the file').choices(['copy']),
    )
    .option(
      '--sequence <FORMAT>',
      'the format of the timeline, such as 1920x1080@24; that of the first clip by default',
      parseText,
    );
  addFormatOption(addStoreOption(addManifestOptions(command)));
  addExamples(command, [
    ['dailies export teaser.yaml --to otio', 'the picked takes, with other takes as alternatives'],
    ['dailies export teaser.yaml --to fcpxml --media copy', 'with copies of the clips, for another machine'],
  ]);
  type Flags = ManifestFlags & {
    readonly to: ExportFormat;
    readonly out?: string;
    readonly media?: 'copy';
    readonly sequence?: string;
  };
  act<Flags>(command, context, async (invocation) => {
    const { to, out, media, sequence } = invocation.flags;
    const project = await openProject(context, invocation);
    const { exportCut } = await import('../../flow/commands/export.js');
    const told: Diagnostic[] = [];
    const tell = (found: readonly Diagnostic[]) => void told.push(...found);
    const made = await exportCut(project, {
      to,
      tell,
      copies: media === 'copy',
      ...defined({ out, sequence }),
    });
    await noteDiagnostics(context, told, project.source);
    answer(context, made, () => [
      `${shownPath(made.path)}  ${count(made.clips, 'clip')}${made.gaps > 0 ? `, ${count(made.gaps, 'gap')}` : ''}`,
    ]);
    if (context.format === 'text')
      noteLines(
        context,
        made.notes.map((note) => `note: ${clean(note)}`),
      );
    return 0;
  });
};
