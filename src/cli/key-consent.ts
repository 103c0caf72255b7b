import { messageOf } from '../errors.js';
import type { KeyQuestion, WithKey } from '../flow/project/name-key.js';
import { isInside } from '../flow/project/paths.js';
import type { Project } from '../flow/project/project.js';
import { isKeyNamed, namedKeysFile, rememberKey, type NamedKey } from '../store/named-keys.js';
import { noteLines, type CliContext } from './context.js';

/**
 * Whether the user has agreed to a key that only the manifest sends somewhere: on this command line, or once before. `ask`
 * is told of the key when it is first needed, and its yes is remembered; absent if nobody can be asked.
 */
export async function keyConsent(
  context: CliContext,
  project: Project,
  said: {
    readonly withKey: boolean;
    readonly ask?: ((question: KeyQuestion) => Promise<boolean>) | undefined;
  },
): Promise<WithKey> {
  const { unnamed } = project.target;
  if (unnamed === undefined || said.withKey) return said.withKey;
  const file = namedKeysFile(context.env, context.platform);
  // Settings inside the project count as the project's, not the user's.
  const isOurs = !isInside(project.paths.folder, file);
  if (isOurs && (await isKeyNamed(file, unnamed))) return true;
  const { ask } = said;
  if (ask === undefined) return false;
  return async (question) => {
    const isNamed = await ask(question);
    if (isNamed && isOurs) await remember(context, file, unnamed);
    return isNamed;
  };
}

/** A consent that cannot be stored still holds for this run. */
async function remember(context: CliContext, file: string, { origin, variable }: NamedKey): Promise<void> {
  await rememberKey(file, { origin, variable }).catch((error: unknown) =>
    noteLines(context, [
      `warning: ${file} could not store that ${variable} may go to ${origin}: ${messageOf(error)}`,
    ]),
  );
}
