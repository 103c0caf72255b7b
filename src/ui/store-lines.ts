import type { Reconciled } from '../domain/reconciled.js';
import { count } from './figures.js';
import { clean } from './text.js';

/** What a database was told by the receipts, for people. */
export function reconciledLines({ projects, unnamed, resumed }: Reconciled): string[] {
  const told = projects.filter(({ added, advanced, in_hand }) => added + advanced + in_hand > 0);
  return [
    ...told.map(({ project, manifest, sandbox, added, advanced, in_hand }) => {
      const rehearsal = sandbox ? ', the rehearsal' : '';
      const busy = in_hand > 0 ? `; ${in_hand} left to the worker that is at them: say it again later` : '';
      return `${clean(project)} (${clean(manifest)}${rehearsal}): ${count(added, 'purchase')} added, ${advanced} known better now${busy}`;
    }),
    ...unnamed.map(
      (id) => `the receipts ${clean(id)} do not say which project’s they are, and were left out`,
    ),
    told.length === 0
      ? `the store knows all that the receipts of ${count(projects.length, 'project')} tell`
      : 'their jobs are followed by the next worker',
    ...resumed.map(
      ({ gateway, name }) => `${clean(gateway)}${name === '' ? '' : `#${clean(name)}`} buys again`,
    ),
  ];
}
