import pLimit from 'p-limit';
import type { Checks, Finding } from '../../domain/finding.js';
import { messageOf } from '../../errors.js';
import { detect } from '../../media/detect.js';
import { findFrameTool, type FrameTool } from '../../media/frame-tool.js';
import type { ClipStore } from '../../store/clip-store.js';
import { openFindings } from '../../store/findings-file.js';
import type { ProjectPaths } from '../project/paths.js';
import { applicable, findingsFile, knownBy, type Clip, type FoundInClips } from './known-findings.js';

/** How many clips are looked at once: each look takes a core. */
const AT_ONCE = 2;

/** Looks at clips; each content once. */
export interface PictureChecks extends FoundInClips {
  /** What is in a clip; undefined if it could not be looked at. Never rejects. */
  check(clip: Clip): Promise<readonly Finding[] | undefined>;
  /** Keeps what was found for the next time. */
  save(): Promise<void>;
}

export async function openPictureChecks(options: {
  readonly checks: Checks;
  readonly clips: Pick<ClipStore, 'asFile'>;
  readonly paths: Pick<ProjectPaths, 'cache'>;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Called once if no tool can look at clips, and for each clip that cannot be looked at. */
  readonly warn: (message: string) => void;
}): Promise<PictureChecks> {
  const { checks, clips, env, signal, warn } = options;
  const known = await openFindings(findingsFile(options.paths));
  const { of } = knownBy(known, checks);
  const isStopped = () => signal.aborted;
  const limit = pLimit(AT_ONCE);
  let tool: Promise<FrameTool['ffmpeg']> | undefined;
  const ffmpegOnce = () => (tool ??= findFfmpeg());
  const findFfmpeg = async (): Promise<FrameTool['ffmpeg']> => {
    const found = await findFrameTool(env);
    if (!found?.ffmpeg) warn(`${NO_FFMPEG}: picture checks are skipped`);
    return found?.ffmpeg;
  };

  const look = async (clip: Clip): Promise<readonly Finding[] | undefined> => {
    const told = of(clip);
    if (told || isStopped()) return told;
    const ffmpeg = await ffmpegOnce();
    if (!ffmpeg) return undefined;
    const { sha256, media } = clip;
    try {
      await clips.asFile(sha256, async (file) => {
        for (const check of applicable(checks, clip)) {
          const threshold = checks[check];
          if (!threshold || known.find(sha256, check, threshold)) continue;
          const about = { clip: file, durationSeconds: media.duration_s, ffmpeg, signal };
          const stretches = await detect({ check, threshold }, about);
          known.add(stretches, { sha256, check, threshold });
        }
      });
    } catch (error) {
      if (!isStopped()) warn(`a clip could not be checked: ${messageOf(error)}`);
    }
    return of(clip);
  };
  const looks = new Map<string, Promise<readonly Finding[] | undefined>>();
  return {
    of,
    check(clip) {
      const begun = looks.get(clip.sha256) ?? limit(() => look(clip));
      looks.set(clip.sha256, begun);
      return begun;
    },
    save: () => known.save(),
  };
}

const NO_FFMPEG = 'ffmpeg was not found';
