import { count } from '../../ui/text.js';
import { act, addExamples, type Register } from '../command.js';
import { printJson, printLines } from '../context.js';
import { noteDiagnostics } from '../notes.js';
import { openProject } from '../open-project.js';
import { addFormatOption, addManifestOptions, addQuietOption, type ManifestFlags } from '../options.js';
import { interruptible } from '../signals.js';

interface ValidateFlags extends ManifestFlags {
  readonly offline?: boolean;
  readonly preflight: boolean;
  readonly quiet?: boolean;
}

export const registerValidate: Register = (program, context) => {
  const command = program.command('validate <MANIFEST>').description('find every mistake in a manifest');
  addManifestOptions(command)
    .option('--offline', 'leaves the gateway and remote inputs alone')
    .option('--no-preflight', 'does not ask for remote inputs');
  addQuietOption(addFormatOption(command));
  addExamples(command, [
    ['dailies validate teaser.yaml', 'against the live catalogue'],
    ['dailies validate teaser.yaml --offline --format json', 'in an editor or a hook'],
  ]);
  act<ValidateFlags>(command, context, async ({ words: [manifest = ''], flags }) => {
    const project = await openProject(context, manifest, flags, { soundPart: true });
    const { validateProject } = await import('../../flow/plan/plan.js');
    const interruption = interruptible();
    try {
      const diagnostics = await validateProject(project, {
        offline: flags.offline === true,
        preflight: flags.preflight,
        signal: interruption.signal,
      });
      if (context.format === 'json') {
        printJson(context, { version: 1, takes: project.manifest.takes.length, diagnostics });
        return 0;
      }
      await noteDiagnostics(context, diagnostics, project.source);
      const warnings =
        diagnostics.length === 0 ? 'no errors' : `no errors, ${count(diagnostics.length, 'warning')}`;
      if (flags.quiet !== true)
        printLines(context, [`${count(project.manifest.takes.length, 'take')}, ${warnings}`]);
      return 0;
    } finally {
      interruption.release();
    }
  });
};
