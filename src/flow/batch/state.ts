import { join } from 'node:path';
import type { Attempt } from '../../domain/attempt.js';
import { LARGEST_INPUT_BYTES } from '../../media/local-input.js';
import { readRegular } from '../../regular-file.js';
import type { ProjectAttempts } from '../../store/attempt-store.js';
import { openAttempts, type Spending } from '../../store/local-attempts.js';
import type { PostgresAttempts, PostgresStore } from '../../store/postgres/open-store.js';
import { readState, type StateOnDisk } from '../../store/read-state.js';
import { createState, type ShotState } from '../../store/shot-state.js';
import { gatewayIdentity } from '../project/connections.js';
import type { Project } from '../project/project.js';
import { inputsOf, receiptsOf, stateHome } from '../project/state-home.js';
import type { Scope } from '../plan/survey.js';
import type { JobOrder } from '../work/worker.js';
import { assertComplete } from './assert-complete.js';
import { batchDocument, revisionOf } from './batch-document.js';
import { whichProject } from './which-project.js';

/** A project's state as read, wherever it is kept. */
export interface FoundState extends Pick<StateOnDisk, 'repaired' | 'cataloguedAt'> {
  readonly state: ShotState;
  /** Why other machines do not continue its work, in sentences. */
  readonly trouble: readonly string[];
}

/** Reads a project's state, and changes nothing. Throws as the state's home does. */
export async function findState(project: Project): Promise<FoundState> {
  if (project.database === undefined) return { ...(await readState(stateHome(project))), trouble: [] };
  const { readStoredProject } = await import('../../store/postgres/read-project.js');
  const found = await readStoredProject(project.database, whichProject(project));
  const state = createState(found && { ...found, attempts: await withNamesHere(project, found.attempts) });
  return { state, trouble: found?.trouble ?? [], repaired: [], cataloguedAt: undefined };
}

/** Only this machine's own copy of the state, if there is one, knows the names that clips have here. */
async function withNamesHere(project: Project, attempts: readonly Attempt[]): Promise<readonly Attempt[]> {
  const copy = await readState(stateHome(project)).catch(() => undefined);
  return attempts.map(({ names: _, ...attempt }) => {
    const names = copy?.state.find(attempt.id)?.names;
    return names === undefined ? attempt : { ...attempt, names };
  });
}

/** A project's state, open for writing. */
export interface OpenState {
  readonly attempts: ProjectAttempts<JobOrder>;
  /** What several machines share; absent if the state is this machine's own. */
  readonly shared?: SharedState;
  readonly close: () => Promise<void>;
}

/** What a project's state also has if several machines share it. */
export interface SharedState {
  readonly attempts: PostgresAttempts<JobOrder>;
  /** Throws `store-behind` if other records have purchases that the database lacks: then it is not used for a plan. */
  assertComplete(): Promise<void>;
  /** Stores what other machines need, and begins a batch; later offers go to this batch. */
  begin(terms: {
    readonly scope: Scope;
    readonly spending: Spending;
    /** How many takes wait for others. */
    readonly waiting: number;
  }): Promise<void>;
}

/** Opens a project's state. Nobody else plans or runs it meanwhile. Throws as the state's home does. */
export async function openState(
  project: Project,
  spending?: Spending,
  onHint?: (document: unknown, job: string) => void,
): Promise<OpenState> {
  const { clock } = project;
  if (project.database === undefined) {
    const attempts = await openAttempts<JobOrder>({ home: stateHome(project), clock, spending });
    return { attempts, close: () => attempts.close() };
  }
  const store = await openStore(project, project.database, onHint);
  try {
    const id = await store.projectId(whichProject(project));
    const attempts = await store.openProject(id);
    return {
      attempts,
      shared: {
        attempts,
        assertComplete: () => assertComplete(project, attempts),
        async begin({ scope, spending: terms, waiting }) {
          await storeInputs(project);
          const { manifest, ...named } = whichProject(project);
          const begun = await store.beginBatch({
            ...{ project: id, name: named.name, manifest, revision: revisionOf(project), spending: terms },
            gateway: gatewayIdentity(project.target),
            doc: batchDocument(project, scope, manifest),
          });
          attempts.begin(begun);
          await attempts.planned(begun.batch, { changes: 0, waiting });
        },
      },
      async close() {
        await attempts.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore(
  project: Project,
  url: string,
  onHint: ((document: unknown, job: string) => void) | undefined,
): Promise<PostgresStore<JobOrder>> {
  const { openPostgresStore } = await import('../../store/postgres/open-store.js');
  // It compiles a schema, with a compiler that a project without a database never needs.
  const { orderDocument, parseOrder } = await import('./order-document.js');
  return openPostgresStore<JobOrder>({
    ...{ url, clock: project.clock, parseOrder, documentOf: orderDocument, receipts: receiptsOf(project) },
    accounts: [{ gateway: gatewayIdentity(project.target) }],
    ...(onHint ? { onHint } : {}),
  });
}

/** Copies the local files that submits send to the place that all machines share, named by their content. */
async function storeInputs(project: Project): Promise<void> {
  const store = inputsOf(project);
  for (const [path, { sha256, bytes }] of project.inputs) {
    if (await store.stat(sha256)) continue;
    await store.put(bytesOf(join(project.paths.folder, path)), { sha256, bytes, container: 'input' });
  }
}

async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  const bytes = await readRegular(file, { maxBytes: LARGEST_INPUT_BYTES, throughLinks: true });
  if (bytes) yield bytes;
}
