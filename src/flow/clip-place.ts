import { join } from 'node:path';
import { outputsOf, type Attempt } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import { outputStem } from '../manifest/output-name.js';
import { storedPath } from './paths.js';
import type { Project } from './project.js';

/** Where the clips of one take, or of one attempt that is kept aside, belong. Absolute paths. */
export interface ClipPlace {
  /** `index` counts the outputs of a job from 0: `<stem>.mp4`, `<stem>.2.mp4`, … */
  clip(index: number, extension: string): string;
  /** The same, as the lockfile keeps it. */
  storedClip(index: number, extension: string): string;
  /** Where the clip grows while it is fetched. */
  part(index: number): string;
  readonly sidecar: string;
}

/** By what a clip's bytes are; each has a place of its own. */
export const CLIP_EXTENSIONS = ['.mp4', '.webm'] as const;

/** The extension of a clip's path. */
export function extensionOf(clip: string): (typeof CLIP_EXTENSIONS)[number] {
  return clip.endsWith('.webm') ? '.webm' : '.mp4';
}

/** The sidecar beside the first clip of an attempt. */
export function sidecarOf(clip: string): string {
  return clip.replace(/\.(mp4|webm)$/, '.json');
}

/** Where a clip grew before it got its name. */
export function partOf(clip: string): string {
  return clip.replace(/\.(mp4|webm)$/, '.part');
}

/** The folder for clips that a newer one has replaced. */
export function supersededFolder(project: Project): string {
  return join(project.paths.output, '.superseded');
}

/** Where the clips of a take belong, by the manifest's naming template. */
export function clipPlace(project: Project, take: Take): ClipPlace {
  const { manifest, paths } = project;
  const stem = outputStem({ template: manifest.output.name, take, project: manifest.project });
  return placeAt(project, join(paths.output, stem));
}

/** Where the clips of an attempt go that serves no take any more: paid, so kept. */
export function asidePlace(project: Project, { owner, id }: Attempt): ClipPlace {
  return placeAt(project, join(supersededFolder(project), `${owner.shot}.take-${owner.take}.attempt-${id}`));
}

/** Whether the clips of an attempt lie where clips of this place belong. */
export function isInPlace({ state }: Attempt, place: ClipPlace): boolean {
  return (
    state.kind === 'delivered' &&
    state.outputs.every(({ path }, index) => path === place.storedClip(index, extensionOf(path)))
  );
}

/** Tells of attempts whether a clip of theirs was set aside. */
export function asideIn(project: Project): (attempt: Attempt) => boolean {
  const aside = `${storedPath(project.paths.folder, supersededFolder(project))}/`;
  return (attempt) => outputsOf(attempt).some(({ path }) => path.startsWith(aside));
}

function placeAt(project: Project, stem: string): ClipPlace {
  const numbered = (index: number) => (index === 0 ? stem : `${stem}.${index + 1}`);
  const clip = (index: number, extension: string) => `${numbered(index)}${extension}`;
  return {
    clip,
    storedClip: (index, extension) => storedPath(project.paths.folder, clip(index, extension)),
    part: (index) => `${numbered(index)}.part`,
    sidecar: `${stem}.json`,
  };
}
