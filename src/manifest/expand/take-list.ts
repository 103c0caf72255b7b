import type { Take } from '../../domain/take.js';
import type { Chained } from './chains.js';
import type { ExpandedShot } from './shot.js';

/** The takes of expanded shots, in order; `chained` says of each what it takes from others. Takes of one shot share what they have in common. */
export function takeList(shots: readonly ExpandedShot[], chained: readonly Chained[]): Take[] {
  const takes: Take[] = [];
  for (const [index, shot] of shots.entries()) {
    const links = chained[index] ?? UNLINKED;
    for (let number = 1; number <= shot.values.takes; number++) takes.push(takeOf(shot, links, number));
  }
  return takes;
}

const UNLINKED: Chained = { frames: [], references: [] };

function takeOf(
  { id, manifestId, index, matrix, vars, values }: ExpandedShot,
  links: Chained,
  take: number,
): Take {
  const { settings, takes, type, tags } = values;
  const { seed } = settings;
  return {
    key: takes === 1 ? id : `${id}@${take}`,
    shot: id,
    manifest_id: manifestId,
    take,
    takes,
    shot_index: index,
    type,
    tags,
    matrix,
    settings: seed === undefined || take === 1 ? settings : { ...settings, seed: seed + take - 1 },
    frames: links.frames,
    references: links.references,
    ...(vars && { vars }),
    ...(links.previous !== undefined && { previous_shot: links.previous }),
  };
}
