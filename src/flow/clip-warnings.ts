import { frameSize } from '../domain/dimensions.js';
import type { Attempt } from '../domain/attempt.js';
import { opensOn } from '../media/first-frame.js';
import type { WantedClip } from '../media/verify.js';
import { openPath } from './paths.js';
import type { RunContext } from './run-context.js';

/** What the clip is held against: the request, as far as it says. */
export function wantedOf({ request }: Attempt): WantedClip {
  const { duration, size, resolution, aspect_ratio, generate_audio } = request;
  const exact = size === undefined ? undefined : frameSize({ size });
  return {
    ...(duration === undefined ? {} : { durationS: duration }),
    ...(exact ? { size: exact } : {}),
    ...(resolution === undefined ? {} : { resolution }),
    ...(aspect_ratio === undefined ? {} : { aspectRatio: aspect_ratio }),
    ...(generate_audio === true ? { audio: true } : {}),
  };
}

/** Gateways drop inputs in silence: a clip that does not open on its first frame says so. */
export async function openingWarnings(
  { project, frameTool, control }: RunContext,
  { request }: Attempt,
  part: string,
): Promise<string[]> {
  const input = request.frame_images?.find(({ frame_type }) => frame_type === 'first_frame')?.input;
  if (!input || !('path' in input)) return [];
  const tool = await frameTool();
  if (!tool) return [];
  const image = openPath(project.paths.folder, input.path);
  try {
    const found = await opensOn({ clip: part, image, tool, signal: control.working });
    return !found || found.similar ? [] : [`does not open on its first frame, ${input.path}`];
  } catch {
    // A look that fails says nothing about the clip.
    return [];
  }
}
