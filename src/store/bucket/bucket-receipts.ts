import { createHash } from 'node:crypto';
import type { Attempt } from '../../domain/attempt.js';
import { entryIn, isMoney, isReceipt, openLine, encodeLine } from '../journal-line.js';
import { attemptProblem } from '../lockfile-problem.js';
import { essenceOf } from '../receipt-essence.js';
import type { ReceiptBook, ReceiptsOwner, ReceiptStore } from '../receipt-store.js';
import { ownerIn, ownerLine } from '../receipts.js';
import { attemptAfter } from '../shot-state.js';
import { shownAddress } from './address.js';
import { md5Of, type Objects, type ObjectStat } from './objects.js';
import { DailiesError } from '../../errors.js';

/*
 * Receipts in a bucket: one object for each attempt, `receipts/<project id>/<attempt id>.json`, with its present state, and one for
 * their owner. Each object costs a request, so steps that the gateway would tell again wait for the next step that matters.
 */

const ROOT = 'receipts/';
const OWNER = 'owner.json';
const TYPE = 'application/json';
/** An attempt has some kilobytes; its prompt may be long. */
const MAX_BYTES = 16_000_000;
const TRIES = 3;

/** The receipts in the bucket of the clips. */
export function openBucketReceipts(objects: Objects): ReceiptStore {
  const folderOf = (projectId: string) => `${ROOT}${projectId}/`;
  const ownerAt = async (projectId: string): Promise<ReceiptsOwner | undefined> =>
    ownerIn(openLine(await textOf(objects, folderOf(projectId) + OWNER)));
  return {
    async read(projectId) {
      if (!isProjectId(projectId)) return { attempts: new Map(), owner: undefined };
      const folder = folderOf(projectId);
      const [owner, found] = await Promise.all([ownerAt(projectId), objects.list(folder)]);
      const read = await Promise.all(
        found
          .filter((object) => isReceiptObject(object, folder))
          .map(({ name }) => attemptAt(objects, name, folder)),
      );
      return { attempts: new Map(read.flatMap((one) => (one ? [[one.id, one]] : []))), owner };
    },

    async list({ besides } = {}) {
      const ids = (await foldersIn(objects)).filter((id) => isProjectId(id) && id !== besides);
      const owners = await Promise.all(
        ids.map(async (project_id) => {
          const nobody = { project_id, manifest: '', sandbox: false, place: '' };
          return (await ownerAt(project_id)) ?? nobody;
        }),
      );
      return owners.filter(({ project_id }, index) => project_id === ids[index]);
    },

    async ids(projectId) {
      if (!isProjectId(projectId)) return new Set();
      const folder = folderOf(projectId);
      const found = (await objects.list(folder)).filter((object) => isReceiptObject(object, folder));
      return new Set(found.map(({ name }) => name.slice(folder.length, -'.json'.length)));
    },

    async signature(projectId) {
      const found = await objects.list(folderOf(projectId));
      if (found.length === 0) return '';
      const hash = createHash('sha256');
      for (const { name, etag, bytes } of found) hash.update(`${name} ${etag} ${bytes}\n`);
      return hash.digest('hex');
    },

    open: (owner, known) => openBook(objects, { owner, known, folder: folderOf(owner.project_id) }),
  };
}

function openBook(
  objects: Objects,
  {
    owner,
    known,
    folder,
  }: {
    readonly owner: ReceiptsOwner;
    readonly known: (id: string) => Attempt | undefined;
    readonly folder: string;
  },
): ReceiptBook {
  /** The attempts that this run moved, in their present state. */
  const moved = new Map<string, Attempt>();
  /** The attempts whose present state the bucket lacks. */
  const due = new Set<string>();
  let isOwned = false;

  const before = (id: string) => moved.get(id) ?? withoutNames(known(id));
  const own = async (): Promise<void> => {
    await putText(objects, folder + OWNER, ownerLine(owner));
    isOwned = true;
  };
  return {
    async append(entries) {
      for (const entry of entries) {
        if (!isReceipt(entry) || entry.type === 'picked' || entry.type === 'catalogued') continue;
        const id = entry.type === 'restored' ? entry.attempt.id : entry.id;
        const last = before(id);
        // A whole attempt comes because the receipts lack it, even if this run knows it already.
        const next = entry.type === 'restored' ? entry.attempt : attemptAfter(before, entry);
        if (!next) continue;
        moved.set(id, withoutNames(next) ?? next);
        if (!last || isMoney(entry) || essenceOf(next) !== essenceOf(last)) due.add(id);
      }
      if (due.size > 0 && !isOwned) await own();
      await Promise.all(
        [...due].map(async (id) => {
          const attempt = moved.get(id);
          if (attempt)
            await putText(objects, `${folder}${id}.json`, encodeLine({ type: 'restored', attempt }));
          due.delete(id);
        }),
      );
    },
    async own() {
      const { objects: found } = await objects.page(folder);
      if (found.length > 0) await own();
    },
    close: () => Promise.resolve(),
  };
}

/** A server's success is not enough: its ETag must be the MD5 of what was sent, otherwise the object is read back. */
async function putText(objects: Objects, name: string, text: string): Promise<void> {
  const body = Buffer.from(text);
  const etag = Buffer.from(md5Of(body), 'base64').toString('hex');
  for (let tries = 1; tries <= TRIES; tries++) {
    if ((await objects.put(name, body, TYPE)) === etag || (await objects.get(name))?.equals(body)) return;
  }
  const message = `a receipt arrived changed in ${shownAddress(objects.address)}, ${TRIES} times`;
  throw new DailiesError('bucket', message, {
    hint: 'something on the way changes it: check proxies, the network and the server',
  });
}

async function attemptAt(objects: Objects, name: string, folder: string): Promise<Attempt | undefined> {
  const value = openLine(await textOf(objects, name));
  if (value === undefined) return undefined;
  const entry = entryIn(value);
  if (entry.type !== 'restored' || attemptProblem(entry.attempt) !== undefined) return undefined;
  return name === `${folder}${entry.attempt.id}.json` ? entry.attempt : undefined;
}

async function textOf(objects: Objects, name: string): Promise<string> {
  return (await objects.get(name))?.toString().trimEnd() ?? '';
}

async function foldersIn(objects: Objects): Promise<readonly string[]> {
  const all: string[] = [];
  for (let after: string | undefined; ;) {
    const { folders, next } = await objects.page(ROOT, { after, isFlat: false });
    all.push(...folders);
    if (next === undefined) return all.sort();
    after = next;
  }
}

function isReceiptObject({ name, bytes }: ObjectStat, folder: string): boolean {
  return name.endsWith('.json') && name !== folder + OWNER && bytes <= MAX_BYTES;
}

function isProjectId(id: string): boolean {
  return /^[0-9a-f]{16}$/.test(id);
}

/** A receipt has no paths. */
function withoutNames(attempt: Attempt | undefined): Attempt | undefined {
  if (attempt?.names === undefined) return attempt;
  const { names: _, ...rest } = attempt;
  return rest;
}
