import { DailiesError } from '../../errors.js';
import { count } from '../../ui/figures.js';
import { reconciledLines } from '../../ui/store-lines.js';
import { act, addExamples, type Register } from '../command.js';
import { answer, shownPath } from '../context.js';
import { nextCommands, openProject, storeOf, type ManifestFlags } from '../flags.js';
import { addFormatOption, addManifestOptions, addStoreOption, parseText } from '../options.js';
import { interruptible } from '../signals.js';

interface StoreFlags {
  readonly store?: string;
  readonly clips?: string;
}

export const registerStore: Register = (program, context) => {
  const group = program.command('store').description('manage the shared database');
  addExamples(group, [
    ['dailies store migrate --store postgres://dailies@db.example/dailies', ''],
    ['dailies store import teaser.yaml', 'with DAILIES_STORE and DAILIES_CLIPS'],
  ]);
  for (const register of [registerMigrate, registerImport, registerExport, registerReconcile])
    register(group, context);
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

const registerImport: Register = (group, context) => {
  const command = group
    .command('import <MANIFEST>')
    .description('add the purchases of a lockfile to the database');
  addFormatOption(addStoreOption(addManifestOptions(command)));
  addExamples(command, [
    ['dailies store import teaser.yaml', 'with its picks and clips; buys nothing, can be repeated'],
  ]);
  act<ManifestFlags>(command, context, async (invocation) => {
    storeOf(invocation.flags);
    const { clips: _, store: __, ...own } = invocation.flags;
    const project = await openProject(context, invocation);
    const local = await openProject(context, { ...invocation, flags: own });
    const { importProject } = await import('../../flow/batch/import.js');
    const imported = await interruptible((signal) => importProject(project, { local, signal }));
    const { purchases, added, advanced, inHand, clips, missing } = imported;
    answer(
      context,
      { project: imported.project, purchases, added, advanced, in_hand: inHand, clips, missing },
      () => [
        `${count(purchases, 'purchase')}: ${added} new to the store, ${advanced} updated`,
        ...(clips > 0 ? [`${count(clips, 'clip')} copied to the place that all machines share`] : []),
        ...(missing > 0
          ? [`${count(missing, 'clip')} not on this machine: the next run fetches them again, for free`]
          : []),
        ...(inHand > 0 ? [`${count(inHand, 'purchase')} in the hands of a worker: left alone`] : []),
        `  ${nextCommands(invocation).status}`,
      ],
    );
    return 0;
  });
};

const registerExport: Register = (group, context) => {
  const command = group
    .command('export <MANIFEST>')
    .description('move a project from the database into a lockfile');
  addFormatOption(addStoreOption(addManifestOptions(command)));
  addExamples(command, [
    [
      'dailies store export teaser.yaml',
      'takes back what has not begun; then use dailies run, on one machine',
    ],
  ]);
  act<ManifestFlags>(command, context, async (invocation) => {
    storeOf(invocation.flags);
    const project = await openProject(context, invocation);
    const { exportProject } = await import('../../flow/batch/export.js');
    const { lockfile, purchases, news } = await exportProject(project);
    const { store: _, ...own } = invocation.flags;
    answer(context, { lockfile, purchases, news }, () => [
      `${shownPath(lockfile)} has ${count(purchases, 'purchase')}, ${news} of them new or updated`,
      'nothing more is bought for it by the store; without --store, and without DAILIES_STORE:',
      `  ${nextCommands({ ...invocation, flags: own }).run}`,
    ]);
    return 0;
  });
};

const registerReconcile: Register = (group, context) => {
  const command = group
    .command('reconcile')
    .description('restore a rolled-back database from the receipts')
    .option('--clips <DIR|s3://…>', 'the shared folder or bucket that has the receipts', parseText);
  addFormatOption(addStoreOption(command));
  addExamples(command, [
    ['dailies store reconcile', 'with DAILIES_STORE and DAILIES_CLIPS; then buying continues'],
  ]);
  act<StoreFlags>(command, context, async ({ flags }) => {
    const store = storeOf(flags);
    if (flags.clips === undefined) {
      throw new DailiesError('usage', 'reconcile reads the receipts, and must know where they are', {
        hint: "name the folder or the bucket that all machines share: --clips 's3://bucket/prefix', or DAILIES_CLIPS",
      });
    }
    const [{ systemClock }, { reconcileStore }, { projectPaths }, { sharedStores }] = await Promise.all([
      import('../../clock.js'),
      import('../../flow/batch/reconcile.js'),
      import('../../flow/project/paths.js'),
      import('../../flow/project/state-home.js'),
    ]);
    // Rehearsals keep to themselves, and may be of machines, too.
    const books = [false, true].map((isSandbox) => {
      const paths = projectPaths({ manifest: 'store.yaml', clipsOption: flags.clips, isSandbox });
      return sharedStores({ paths, clock: systemClock }).receipts;
    });
    const reconciled = await reconcileStore(store, books);
    answer(context, reconciled, () => reconciledLines(reconciled));
    return 0;
  });
};
