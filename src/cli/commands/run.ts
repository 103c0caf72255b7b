import { count } from '../../ui/figures.js';
import { act, addExamples, type Register } from '../command.js';
import { answer, noteDiagnostics } from '../context.js';
import { openProject, type ManifestFlags, type PlanFlags, type RunFlags } from '../flags.js';
import {
  addFormatOption,
  addKeyOption,
  addManifestOptions,
  addQuietOption,
  addScopeOptions,
  addSpendingOptions,
  addStoreOption,
  parseText,
} from '../options.js';
import { interruptible } from '../signals.js';

// The code that shows a plan or a run is large: it is loaded when one of these commands is given.

export const registerRun: Register = (program, context) => {
  const command = program.command('run <MANIFEST>').description('render what is missing');
  addSpendingOptions(addKeyOption(addScopeOptions(addStoreOption(addManifestOptions(command)))))
    .option('--locked', 'stops if prices or limits differ from the lockfile')
    .option('--dry-run', 'prints the plan, checks it against --max-cost, and does nothing')
    .option(
      '--callback <URL>',
      'asks the gateway to report the ends of jobs to this public address',
      parseText,
    )
    .option('--listen <HOST:PORT>', 'hears these webhooks there while jobs are in flight', parseText)
    .option('--yes', 'spends without asking, and lets the key go where the manifest says')
    .option('--junit <FILE>', 'writes the outcome as JUnit XML', parseText);
  addQuietOption(addFormatOption(command, ['text', 'json', 'ndjson']));
  addExamples(command, [
    ['dailies run teaser.yaml', 'shows the plan, asks, renders'],
    ['dailies run teaser.yaml --gateway sandbox', 'rehearses for free'],
    ['dailies run teaser.yaml --only turn --rerender turn', 'renders one shot again'],
    ['dailies run teaser.yaml --yes --max-cost 5 --junit out.xml', 'in CI'],
  ]);
  act<RunFlags>(command, context, async (invocation) => {
    if (invocation.flags.dryRun === true) {
      const { printDryRun } = await import('../print-plan.js');
      return printDryRun(context, invocation);
    }
    const { runManifest } = await import('../run-manifest.js');
    const isYesTyped = command.getOptionValueSource('yes') === 'cli';
    return runManifest(context, invocation, { isYesTyped });
  });
};

export const registerPlan: Register = (program, context) => {
  const command = program
    .command('plan <MANIFEST>')
    .description('show what a run would do, why, and the cost');
  addKeyOption(addScopeOptions(addStoreOption(addManifestOptions(command))))
    .option('--offline', 'uses the limits and prices last seen, without a request')
    .option('--all', 'lists delivered clips too');
  addQuietOption(addFormatOption(command));
  addExamples(command, [
    ['dailies plan teaser.yaml', 'sends no key and submits nothing'],
    ['dailies plan teaser.yaml --until turn', 'one shot and what it is made from'],
    ['dailies plan teaser.yaml --format json', 'for machines: schemas/plan.schema.json'],
  ]);
  act<PlanFlags>(command, context, async (invocation) => {
    const { printPlan } = await import('../print-plan.js');
    return printPlan(context, invocation);
  });
};

interface ValidateFlags extends ManifestFlags {
  readonly offline?: boolean;
  readonly preflight: boolean;
  readonly quiet?: boolean;
}

export const registerValidate: Register = (program, context) => {
  const command = program.command('validate <MANIFEST>').description('find every mistake in a manifest');
  addKeyOption(addManifestOptions(command))
    .option('--offline', 'sends no requests, to the gateway or for remote inputs')
    .option('--no-preflight', 'skips the check of remote inputs');
  addQuietOption(addFormatOption(command));
  addExamples(command, [
    ['dailies validate teaser.yaml', 'against the live catalogue'],
    ['dailies validate teaser.yaml --offline --format json', 'in an editor or a hook'],
  ]);
  act<ValidateFlags>(command, context, async (invocation) => {
    const project = await openProject(context, invocation, { soundPart: true });
    const { validateProject } = await import('../../flow/plan/plan.js');
    const { offline = false, preflight, quiet, withKey = false } = invocation.flags;
    const diagnostics = await interruptible((signal) =>
      validateProject(project, { offline, preflight, withKey, signal }),
    );
    const takes = project.manifest.takes.length;
    if (context.format === 'text') await noteDiagnostics(context, diagnostics, project.source);
    answer(context, { takes, diagnostics }, () => {
      const warnings = diagnostics.length === 0 ? '' : `, ${count(diagnostics.length, 'warning')}`;
      return quiet === true ? [] : [`${count(takes, 'take')}, no errors${warnings}`];
    });
    return 0;
  });
};
