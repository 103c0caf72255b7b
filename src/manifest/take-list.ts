import type { Take } from '../domain/take.js';
import type { ChainedShot } from './chains.js';

/** The takes of expanded shots, in order. What takes of one shot have in common they share. */
export function takeList(shots: readonly ChainedShot[]): Take[] {
  const takes: Take[] = [];
  for (const shot of shots) {
    const common = {
      shot: shot.id,
      manifest_id: shot.manifestId,
      takes: shot.takes,
      shot_index: shot.index,
      type: shot.type,
      tags: shot.tags,
      matrix: shot.matrix,
      ...(shot.vars === undefined ? {} : { vars: shot.vars }),
      frames: shot.frames,
      references: shot.references,
      ...(shot.previous === undefined ? {} : { previous_shot: shot.previous }),
    };
    const { seed } = shot.settings;
    for (let take = 1; take <= shot.takes; take++) {
      takes.push({
        ...common,
        key: shot.takes === 1 ? shot.id : `${shot.id}@${take}`,
        take,
        settings:
          seed === undefined || take === 1 ? shot.settings : { ...shot.settings, seed: seed + take - 1 },
      });
    }
  }
  return takes;
}
