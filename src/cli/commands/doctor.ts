import { act, addExamples, type Register } from '../command.js';
import { lookOf, printJson, printLines } from '../context.js';
import { addFormatOption } from '../options.js';
import { interruptible } from '../signals.js';

interface DoctorFlags {
  readonly gateway?: string;
}

export const registerDoctor: Register = (program, context) => {
  const command = program
    .command('doctor')
    .description('say what is missing on this machine, and the fix')
    .option('--gateway <NAME|URL>', 'openrouter (where absent), modelgates, sandbox or a base URL');
  addFormatOption(command);
  addExamples(command, [
    ['dailies doctor', 'Node, key, gateway, clock, disk, ffmpeg, proxy'],
    ['dailies doctor --gateway modelgates', 'the same for another gateway'],
  ]);
  act<DoctorFlags>(command, context, async ({ flags: { gateway } }) => {
    const { examineSetup } = await import('../../flow/commands/doctor.js');
    const { environmentBeside } = await import('../../store/key-file.js');
    const { doctorLines } = await import('../../ui/doctor-lines.js');
    const interruption = interruptible();
    try {
      const checks = await examineSetup({
        ...(gateway === undefined ? {} : { gateway }),
        env: await environmentBeside(context.env, '.'),
        folder: process.cwd(),
        nodeVersion: process.version,
        signal: interruption.signal,
      });
      if (context.format === 'json') printJson(context, { version: 1, checks });
      else printLines(context, doctorLines(checks, lookOf(context, 'stdout')));
      return checks.some(({ status }) => status === 'problem') ? 1 : 0;
    } finally {
      interruption.release();
    }
  });
};
