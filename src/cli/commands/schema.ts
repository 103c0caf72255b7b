import { act, addExamples, type Register } from '../command.js';
import { printJson } from '../context.js';
import { interruptible } from '../signals.js';

interface SchemaFlags {
  readonly live?: boolean;
  readonly gateway?: string;
}

export const registerSchema: Register = (program, context) => {
  const command = program
    .command('schema')
    .description("print the manifest's JSON Schema, for editors")
    .option('--live', "with the catalogue's models and values")
    .option('--gateway <NAME|URL>', 'whose catalogue; openrouter where absent');
  addExamples(command, [
    ['dailies schema > manifest.schema.json', ''],
    ['dailies schema --live > manifest.schema.json', 'knows what each model can do'],
  ]);
  act<SchemaFlags>(command, context, async ({ flags: { live, gateway } }) => {
    const { liveSchema, manifestSchema } = await import('../../manifest/schema/document.js');
    if (live !== true) {
      printJson(context, manifestSchema);
      return 0;
    }
    const { listModels } = await import('../../flow/commands/models.js');
    const { environmentBeside } = await import('../../store/key-file.js');
    const interruption = interruptible();
    try {
      const env = await environmentBeside(context.env, '.');
      const { models } = await listModels({
        ...(gateway === undefined ? {} : { gateway }),
        env,
        signal: interruption.signal,
      });
      printJson(context, liveSchema(models.map(({ model }) => model)));
      return 0;
    } finally {
      interruption.release();
    }
  });
};
