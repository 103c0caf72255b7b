import { groupBy } from '../../domain/group-by.js';
import type { ExpandedShot } from './shot.js';
import { canonicalText } from './matrix.js';

export type ShotIndex = ReturnType<typeof indexShots>;

/** Expanded shots by the names that other shots may use for them. */
export function indexShots(shots: readonly ExpandedShot[]) {
  /** By the manifest's id: all that a matrix made of one shot. */
  const groups = groupBy(shots, ({ manifestId }) => manifestId);
  const byNames = new Map<string, ReadonlyMap<string, Bucket>>();
  return { byId: new Map(shots.map((shot) => [shot.id, shot])), groups, alike };

  /** Those of a group that have the same values as the asking shot for every name that both matrices have. */
  function alike(asking: ExpandedShot, name: string): readonly ExpandedShot[] {
    const group = groups.get(name);
    const names = Object.keys(asking.matrix);
    if (!group || names.length === 0) return [];
    const key = [name, ...names].join('\n');
    const buckets = byNames.get(key) ?? bucketsOf(group, names);
    byNames.set(key, buckets);
    return [...buckets.values()].flatMap(
      ({ shared, byValues }) => byValues.get(valuesOf(asking, shared)) ?? [],
    );
  }
}

/** Shots of a group by their values for the names that both matrices have: a shot with a matrix may refer to another one with a matrix. */
interface Bucket {
  readonly shared: readonly string[];
  readonly byValues: ReadonlyMap<string, readonly ExpandedShot[]>;
}

function bucketsOf(group: readonly ExpandedShot[], names: readonly string[]): ReadonlyMap<string, Bucket> {
  const sharedBy = ({ matrix }: ExpandedShot): string[] =>
    names.filter((name) => Object.hasOwn(matrix, name));
  const buckets = new Map<string, Bucket>();
  for (const [key, shots] of groupBy(group, (shot) => sharedBy(shot).join('\n'))) {
    const shared = key === '' ? [] : key.split('\n');
    if (shared.length > 0)
      buckets.set(key, { shared, byValues: groupBy(shots, (shot) => valuesOf(shot, shared)) });
  }
  return buckets;
}

function valuesOf({ matrix }: ExpandedShot, names: readonly string[]): string {
  return canonicalText(names.map((name) => matrix[name]));
}
