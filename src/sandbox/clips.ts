import type { Darkroom } from './darkroom.js';
import type { SandboxJob } from './job.js';
import type { JobStore } from './job-store.js';

export type Clips = ReturnType<typeof openClips>;

/** The clips of finished jobs, made when they are first asked for and kept: each once, however many ask at the same time. */
export function openClips(store: JobStore, darkroom: Darkroom) {
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
    async get(job: SandboxJob, index: number): Promise<Buffer> {
      const key = `${job.id}.${index}`;
      let clip = making.get(key);
      if (!clip) {
        clip = make(job, index).finally(() => making.delete(key));
        making.set(key, clip);
      }
      return clip;
    },
    /** Resolves when none is being made any more. */
    async settled(): Promise<void> {
      await Promise.allSettled(making.values());
    },
  };
}
