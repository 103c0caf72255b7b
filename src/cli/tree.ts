import type { Command } from 'commander';

/** The program that a command belongs to. */
export function programOf(command: Command): Command {
  return command.parent === null ? command : programOf(command.parent);
}

/** Every command below one that does something itself: those of a group (`store migrate`) in the place of the group. */
export function everyCommand(program: Command): readonly Command[] {
  return program.commands.flatMap((command) =>
    command.commands.length === 0 ? [command] : everyCommand(command),
  );
}

/** A command as it is typed behind the program's name: `run`, `store migrate`. */
export function pathOf(command: Command): string {
  const above = command.parent;
  return above === null || above.parent === null ? command.name() : `${pathOf(above)} ${command.name()}`;
}
