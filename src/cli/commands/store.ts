import { act, addExamples, type Register } from '../command.js';
import { answer } from '../context.js';
import { storeOf } from '../flags.js';
import { addFormatOption, addStoreOption } from '../options.js';

interface StoreFlags {
  readonly store?: string;
}

export const registerStore: Register = (program, context) => {
  const group = program.command('store').description('manage the shared database');
  addExamples(group, [['dailies store migrate --store postgres://dailies@db.example/dailies', '']]);
  registerMigrate(group, context);
};

const registerMigrate: Register = (group, context) => {
  const command = group
    .command('migrate')
    .description('create the tables, or update them to the version of this program');
  addFormatOption(addStoreOption(command));
  addExamples(command, [
    [
      'dailies store migrate --store postgres://dailies@db.example/dailies',
      'before the first worker, and after each update',
    ],
    ['dailies store migrate', 'with the address in DAILIES_STORE, and the password in PGPASSWORD'],
  ]);
  act<StoreFlags>(command, context, async ({ flags }) => {
    const url = storeOf(flags);
    const [{ migrate }, { storePlace }] = await Promise.all([
      import('../../store/postgres/migrate.js'),
      import('../../store/postgres/connection.js'),
    ]);
    const { from, to } = await migrate(url);
    answer(context, { store: storePlace(url), from, to }, () => [
      from === to
        ? `${storePlace(url)} is already at version ${to}`
        : `${storePlace(url)} went from version ${from} to ${to}`,
    ]);
    return 0;
  });
};
