import { systemClock } from '../../clock.js';
import { isRecord } from '../../domain/is-record.js';
import { createState, type ShotState } from '../shot-state.js';
import { functionsIn, openDatabase, type Row } from './connection.js';
import { stoppedBy } from './intents.js';
import { assertVersion, DEFAULT_SCHEMA, quoted } from './migrate.js';
import { readProject, type WhichProject } from './open-store.js';

/** How a project stands in a database. */
export interface StoredProject {
  readonly state: ShotState;
  /** Why its newest batch does not go on, in sentences. */
  readonly trouble: readonly string[];
}

/**
 * Reads a project; an empty one where it has never been there. Writes nothing: whoever may read may look. Throws
 * `store-unreachable`, `store-refused`, `store-version`.
 */
export async function readStoredProject(
  url: string,
  { name, manifest, sandbox }: WhichProject,
): Promise<StoredProject> {
  const database = await openDatabase({ url, clock: systemClock, name: 'dailies' });
  try {
    await assertVersion(database.ask, DEFAULT_SCHEMA);
    const schema = quoted(DEFAULT_SCHEMA);
    const [row] = await database.ask(
      `select id from ${schema}.project where name = $1 and manifest = $2 and sandbox = $3`,
      [name, manifest, sandbox],
    );
    const id = row?.['id'];
    if (typeof id !== 'string') return { state: createState(), trouble: [] };
    const store = functionsIn(schema, database);
    const state = createState(await readProject({ store, database, schema }, id));
    return { state, trouble: troubleIn((await store.ask('trouble_of', [id]))[0]) };
  } finally {
    await database.close();
  }
}

function troubleIn(row: Row | undefined): readonly string[] {
  const { stopped, held } = row ?? {};
  const told: string[] = [];
  if (isRecord(stopped)) {
    const { message, hint } = stoppedBy(stopped);
    told.push(`nothing more is bought: ${message}${hint === undefined ? '' : `; ${hint}`}`);
  }
  for (const one of Array.isArray(held) ? held : []) {
    if (!isRecord(one)) continue;
    const { key, message } = one;
    if (typeof key === 'string' && typeof message === 'string') told.push(`${key}: ${message}`);
  }
  return told;
}
