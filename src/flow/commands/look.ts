import { DailiesError } from '../../errors.js';
import type { ReportTake } from '../../domain/report.js';
import type { FramePosition } from '../../domain/take.js';
import { decodeImage, type Pixels } from '../../media/decode-image.js';
import { findFrameTool } from '../../media/frame-tool.js';
import { TOOL_HINT } from '../../media/run-tool.js';
import { stripOf } from '../../media/strip.js';
import { clipsOf } from '../project/state-home.js';
import type { Project } from '../project/project.js';
import { projectStatus } from './status.js';

/** A moment of a clip. */
export type Moment = 'first' | 'middle' | 'last';

/** What to look at: takes (`kite@2`, or `kite` for all of its takes), and the moments of each. */
export interface LookWish {
  readonly takes: readonly string[];
  readonly moments: readonly Moment[];
  /** How high each frame is, pixels. */
  readonly height: number;
  /** The highest number of takes. */
  readonly most: number;
}

/** Frames of one clip side by side, as a JPEG. */
export interface Look {
  readonly key: string;
  readonly duration_s: number;
  readonly width: number;
  readonly height: number;
  readonly jpeg: Buffer;
}

/**
 * Takes frames from the clips of takes, and makes small pictures of them; a take with no clip is left out. `left`: the takes beyond `most`. Throws `usage` for names that the
 * manifest does not have, `clip-missing` if none of the takes has a clip, `tool-missing` and `media` if no frame can be taken.
 */
export async function lookAtTakes(
  project: Project,
  { takes: names, moments, height, most }: LookWish,
  signal: AbortSignal,
): Promise<{ readonly pictures: readonly Look[]; readonly left: readonly string[] }> {
  const { takes } = await projectStatus(project);
  const wanted = names.flatMap((name) => named(takes, name));
  const there = [...new Set(wanted)].filter(({ outputs }) => outputs.length > 0);
  if (there.length === 0) {
    throw new DailiesError('clip-missing', `there is no clip yet of ${names.join(', ')}`, {
      hint: 'status says how each take stands',
    });
  }
  const tool = await findFrameTool(project.env);
  if (!tool) {
    throw new DailiesError('tool-missing', 'looking at clips needs ffmpeg, which was not found', {
      hint: TOOL_HINT,
    });
  }
  const clips = clipsOf(project);
  const pictures: Look[] = [];
  for (const { key, outputs } of there.slice(0, most)) {
    const [output] = outputs;
    if (!output) continue;
    const { duration_s, width, height: high } = output.media;
    const frames = await clips.asFile(output.sha256, async (clip) => {
      const taken: Pixels[] = [];
      for (const moment of moments) {
        const at = momentOf(moment, duration_s);
        const picture = await decodeImage(await tool.extractFrame({ clip, at, signal }));
        if (picture) taken.push(picture);
      }
      return taken;
    });
    pictures.push({ key, duration_s, width, height: high, jpeg: await stripOf(frames, height) });
  }
  return { pictures, left: there.slice(most).map(({ key }) => key) };
}

function momentOf(moment: Moment, durationS: number): FramePosition {
  return moment === 'middle' ? Math.floor(durationS * 50) / 100 : moment;
}

function named(takes: readonly ReportTake[], name: string): readonly ReportTake[] {
  const found = takes.filter(
    ({ key, id, manifest_id, take }) => [key, id, manifest_id].includes(name) || `${id}@${take}` === name,
  );
  if (found.length > 0) return found;
  throw new DailiesError('usage', `the manifest has no shot or take ${name}`, {
    hint: 'status lists the takes of a manifest',
  });
}
