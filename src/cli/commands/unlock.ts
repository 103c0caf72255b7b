import { act, addExamples, type Register } from '../command.js';
import { printLines } from '../context.js';
import { openProject } from '../open-project.js';
import { addManifestOptions, type ManifestFlags } from '../options.js';

export const registerUnlock: Register = (program, context) => {
  const command = program.command('unlock <MANIFEST>').description('remove a lock whose holder is gone');
  addManifestOptions(command);
  addExamples(command, [
    ['dailies unlock teaser.yaml', 'after a run in a container or on a machine that is no more'],
  ]);
  act<ManifestFlags>(command, context, async ({ words: [manifest = ''], flags }) => {
    const project = await openProject(context, manifest, flags);
    const { unlockRun } = await import('../../store/run-lock.js');
    const wasLocked = await unlockRun({ lockfile: project.paths.lockfile, clock: project.clock });
    printLines(context, [wasLocked ? 'unlocked' : 'there was no lock']);
    return 0;
  });
};
