import { createHash, randomBytes } from 'node:crypto';
import { access, constants, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, undefinedIfAbsent } from '../disk-error.js';
import { isRecord } from '../domain/is-record.js';
import { DailiesError, messageOf } from '../errors.js';
import { readRegular } from '../regular-file.js';
import type { SandboxJob } from './job.js';

export type JobStore = ReturnType<typeof openJobStore>;

/** A new job's name: long enough not to meet another, short enough for a slate. */
export function newJobId(): string {
  return `job-${randomBytes(8).toString('hex')}`;
}

/** Whether a text that came over the wire can be the name of a job, and so of a file. */
function isJobId(text: string): boolean {
  return /^job-[0-9a-f]{16}$/.test(text);
}

const MAX_JOB_BYTES = 10_000_000;
const MAX_CLIP_BYTES = 500_000_000;
/** Of a clip that the sandbox draws: pixels on a side, and seconds. */
const MAX_SIDE = 8192;
const MAX_SECONDS = 3600;

/** Whether a value that was kept is the job of this name, with a clip that can be drawn from images of this store alone. */
function isJob(value: unknown, id: string): value is SandboxJob {
  if (!isRecord(value) || value['id'] !== id || !isRecord(value['clip'])) return false;
  const { width, height, seconds, first_frame, last_frame, references } = value['clip'];
  const isUpTo = (most: number, count: unknown) => typeof count === 'number' && count > 0 && count <= most;
  const images = [first_frame, last_frame, ...(Array.isArray(references) ? (references as unknown[]) : [0])];
  return (
    ['accepted_at', 'starts_after', 'ends_after', 'outputs'].every((name) => Number.isFinite(value[name])) &&
    isUpTo(MAX_SIDE, width) &&
    isUpTo(MAX_SIDE, height) &&
    isUpTo(MAX_SECONDS, seconds) &&
    images.every((image) => image === null || (typeof image === 'string' && /^[0-9a-f]{64}$/.test(image)))
  );
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/**
 * What the sandbox keeps in this folder, which is created with the first of it: its jobs, the images that came with
 * them, and the clips it has made. Everything is written whole and then renamed into place; nothing is fsynced,
 * because it has to outlive the process and not the machine.
 */
export function openJobStore(folder: string) {
  const known = new Map<string, SandboxJob>();
  const place = {
    job: (id: string) => join(folder, 'jobs', `${id}.json`),
    image: (sha256: string) => join(folder, 'images', sha256),
    clip: (job: SandboxJob, index: number) => join(folder, 'clips', `${job.id}.${index}.mp4`),
    seen: (digest: string) => join(folder, 'seen', digest),
  };
  const find = async (id: string): Promise<SandboxJob | undefined> => {
    const inMemory = known.get(id);
    if (inMemory || !isJobId(id)) return inMemory;
    const bytes = await readRegular(place.job(id), { maxBytes: MAX_JOB_BYTES });
    const job: unknown = bytes && parsed(bytes);
    // A folder from somebody else can contain files that no sandbox has written.
    if (!isJob(job, id)) return undefined;
    known.set(id, job);
    return job;
  };

  return {
    /** Keeps a job; it is on disk when this resolves. */
    async save(job: SandboxJob): Promise<void> {
      await put(place.job(job.id), `${JSON.stringify(job, undefined, 2)}\n`);
      known.set(job.id, job);
    },
    find,
    async all(): Promise<readonly SandboxJob[]> {
      const names = (await readdir(join(folder, 'jobs')).catch(undefinedIfAbsent)) ?? [];
      const ids = names
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length));
      const jobs: SandboxJob[] = [];
      // One after the other: there may be more jobs than files that a process may hold open.
      for (const id of ids) jobs.push(...[(await find(id)) ?? []].flat());
      return jobs;
    },
    /** Keeps an image and gives its sha256. */
    async keepImage(bytes: Buffer): Promise<string> {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await put(place.image(sha256), bytes);
      return sha256;
    },
    imagePath: place.image,
    /** A clip made before. */
    findClip: (job: SandboxJob, index: number): Promise<Buffer | undefined> =>
      readRegular(place.clip(job, index), { maxBytes: MAX_CLIP_BYTES }),
    keepClip: (job: SandboxJob, index: number, bytes: Uint8Array) => put(place.clip(job, index), bytes),
    /** Whether this text is shown here for the first time. */
    async isFirst(text: string): Promise<boolean> {
      const path = place.seen(createHash('sha256').update(text).digest('hex'));
      await mkdir(join(folder, 'seen'), { recursive: true });
      try {
        await writeFile(path, '', { flag: 'wx' });
        return true;
      } catch (error) {
        if (errnoOf(error) === 'EEXIST') return false;
        throw error;
      }
    },
  };
}

/** Makes the folder now, so that an unusable one is found before the first job. Throws `usage`. */
export async function makeStateDir(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new DailiesError('usage', `${folder} cannot keep the sandbox's jobs: ${messageOf(cause)}`, {
      hint: 'name a folder that can be written to with --state DIR',
      cause,
    });
  }
}

async function put(path: string, data: string | Uint8Array): Promise<void> {
  // An image may be kept for two jobs at once.
  const temp = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temp, data, { flag: 'wx' }).catch(async (error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temp, data, { flag: 'wx' });
    });
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true }).catch(() => undefined);
    throw error;
  }
}
