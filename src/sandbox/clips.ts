import type { Darkroom } from './darkroom.js';
import type { SandboxJob } from './job.js';
import type { JobStore } from './job-store.js';

/** The clips of finished jobs, made when they are first asked for and kept. */
export interface Clips {
  get(job: SandboxJob, index: number): Promise<Buffer>;
  /** Resolves when none is being made any more. */
  settled(): Promise<void>;
}

/** Makes each clip once, however many ask for it at the same time. */
export function openClips(store: JobStore, darkroom: Darkroom): Clips {
  const making = new Map<string, Promise<Buffer>>();

  const make = async (job: SandboxJob, index: number): Promise<Buffer> => {
    const made = await store.findClip(job, index);
    if (made) return made;
    const { first_frame, last_frame, references } = job.clip;
    const images = [first_frame, last_frame, ...references].filter((sha256) => sha256 !== null);
    const imagePaths = Object.fromEntries(images.map((sha256) => [sha256, store.imagePath(sha256)]));
    const clip = await darkroom.run({ kind: 'clip', job: job.id, index, settings: job.clip, imagePaths });
    await store.keepClip(job, index, clip);
    return Buffer.from(clip.buffer, clip.byteOffset, clip.length);
  };

  return {
    async get(job, index) {
      const key = `${job.id}.${index}`;
      let clip = making.get(key);
      if (!clip) {
        clip = make(job, index).finally(() => making.delete(key));
        making.set(key, clip);
      }
      return clip;
    },
    async settled() {
      await Promise.allSettled(making.values());
    },
  };
}
