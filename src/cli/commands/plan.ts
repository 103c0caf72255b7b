import { act, addExamples, type Register } from '../command.js';
import { addFormatOption, addManifestOptions, addQuietOption, addScopeOptions } from '../options.js';
import type { PlanFlags } from '../print-plan.js';

export const registerPlan: Register = (program, context) => {
  const command = program
    .command('plan <MANIFEST>')
    .description('say what a run would do, why, and for how much');
  addScopeOptions(addManifestOptions(command))
    .option('--offline', 'leaves the gateway alone; limits and prices are those last seen')
    .option('--all', 'names the clips that are there already too');
  addQuietOption(addFormatOption(command));
  addExamples(command, [
    ['dailies plan teaser.yaml', 'needs no key and submits nothing'],
    ['dailies plan teaser.yaml --until turn', 'one shot and what it is made from'],
    ['dailies plan teaser.yaml --format json', 'for machines: schemas/plan.schema.json'],
  ]);
  act<PlanFlags>(command, context, async ({ words: [manifest = ''], flags }) => {
    const { printPlan } = await import('../print-plan.js');
    return printPlan(context, manifest, flags);
  });
};
