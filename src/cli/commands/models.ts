import { act, addExamples, type Register } from '../command.js';
import { lookOf, printJson, printLines } from '../context.js';
import { addFormatOption } from '../options.js';
import { interruptible } from '../signals.js';

interface ModelsFlags {
  readonly gateway?: string;
}

export const registerModels: Register = (program, context) => {
  const command = program
    .command('models [ID]')
    .description('list what each model can do, and the price of a clip')
    .option('--gateway <NAME|URL>', 'openrouter (where absent), modelgates, sandbox or a base URL');
  addFormatOption(command);
  addExamples(command, [
    ['dailies models', 'the live catalogue'],
    ['dailies models google/veo-3.1-lite', 'all that it says of one model'],
  ]);
  act<ModelsFlags>(command, context, async ({ words: [id], flags: { gateway } }) => {
    const { listModels } = await import('../../flow/commands/models.js');
    const { environmentBeside } = await import('../../store/key-file.js');
    const { modelLines, modelsTableLines } = await import('../../ui/models-table.js');
    const interruption = interruptible();
    try {
      const listed = await listModels({
        ...(gateway === undefined ? {} : { gateway }),
        ...(id === undefined ? {} : { id }),
        env: await environmentBeside(context.env, '.'),
        signal: interruption.signal,
      });
      const look = lookOf(context, 'stdout');
      if (context.format === 'json') printJson(context, { version: 1, ...listed });
      else if (id === undefined) printLines(context, modelsTableLines(listed.models, look));
      else
        printLines(
          context,
          listed.models.flatMap((listing) => modelLines(listing, look)),
        );
      return 0;
    } finally {
      interruption.release();
    }
  });
};
