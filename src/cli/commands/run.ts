import { act, addExamples, type Register } from '../command.js';
import {
  addFormatOption,
  addManifestOptions,
  addQuietOption,
  addScopeOptions,
  parseCount,
  parseText,
  parseUsd,
} from '../options.js';
import type { RunFlags } from '../run-manifest.js';

export const registerRun: Register = (program, context) => {
  const command = program.command('run <MANIFEST>').description('render what is not there yet');
  addScopeOptions(addManifestOptions(command))
    .option('--concurrency <N>', 'jobs in flight at most; wins over the manifest', parseCount)
    .option('--max-cost <USD>', 'spends no more than this in this run', parseUsd)
    .option('--allow-unpriced', 'buys clips without a known price although there is a ceiling')
    .option('--locked', 'ends where prices or limits have drifted from the lockfile')
    .option('--dry-run', 'says what would be done, and does nothing: plan, held to --max-cost')
    .option('--yes', 'spends without asking')
    .option('--junit <FILE>', 'writes the outcome as JUnit XML', parseText);
  addQuietOption(addFormatOption(command, ['text', 'json', 'ndjson']));
  addExamples(command, [
    ['dailies run teaser.yaml', 'shows the plan, asks, renders'],
    ['dailies run teaser.yaml --gateway sandbox', 'rehearses for free'],
    ['dailies run teaser.yaml --only turn --rerender turn', 'makes one shot anew'],
    ['dailies run teaser.yaml --yes --max-cost 5 --junit out.xml', 'in CI'],
  ]);
  act<RunFlags>(command, context, async ({ words: [manifest = ''], flags }) => {
    // What shows a plan or a run is a good part of the program, and no other command needs it.
    if (flags.dryRun === true) {
      const { printDryRun } = await import('../print-plan.js');
      return printDryRun(context, manifest, flags);
    }
    const { runManifest } = await import('../run-manifest.js');
    return runManifest(context, manifest, flags);
  });
};
