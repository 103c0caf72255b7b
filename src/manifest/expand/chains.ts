import { defined } from '../../domain/defined.js';
import type { FrameInput, ReferenceInput } from '../../domain/take.js';
import type { ExpandedShot } from './shot.js';
import type { Path } from '../yaml/places.js';
import { didYouMean, type Report, type Suggest } from '../problems.js';
import { indexShots, type ShotIndex } from './shot-index.js';
import type { ClipFrame, DraftSource, ShotValues } from './shot-values.js';

/** What one shot needs from others: its inputs and its predecessor, by expanded ids. */
export interface Chained {
  readonly frames: readonly FrameInput[];
  readonly references: readonly ReferenceInput[];
  /** The shot whose job is continued. */
  readonly previous?: string;
}

/** A shot that another one needs, and the place that says so. */
interface Need {
  readonly source: ExpandedShot;
  readonly path: Path;
}

/**
 * Finds the shots that others are made from, and reports unknown shots, circles, and takes and moments that do not exist.
 * The answer has one entry for each shot. `unclear`: ids of shots that could not be expanded; a reference to them is not
 * worth a second message.
 */
export function resolveChains(
  shots: readonly ExpandedShot[],
  unclear: ReadonlySet<string>,
  report: Report,
  suggest: Suggest,
): readonly Chained[] {
  const find = shotFinder(shots, unclear, report, suggest);
  const needs = new Map<ExpandedShot, Need[]>();
  const chained = shots.map((shot) => (isAlone(shot.values) ? shot.values : chain(shot)));
  if (needs.size > 0) reportCircles(needs, report);
  return chained;

  function chain(shot: ExpandedShot): Chained {
    const { frames, references, previous } = shot.values;
    return {
      frames: frames.flatMap(({ frame_type, source }) => {
        const resolved = resolve(shot, source);
        return resolved ? [{ frame_type, source: resolved }] : [];
      }),
      references: references.flatMap(({ media, source }) => {
        const resolved = resolve(shot, source);
        return resolved ? [{ media, source: resolved }] : [];
      }),
      ...(previous && continuation(shot, previous)),
    };
  }

  function resolve(shot: ExpandedShot, source: DraftSource): FrameInput['source'] | undefined {
    if (source.kind !== 'from') return source;
    const { from, at, take, path } = source;
    const origin = need(shot, from, [...path, 'from']);
    if (!origin) return undefined;
    checkMoment(shot, source, origin, report);
    return defined({ kind: 'shot' as const, shot: origin.id, at, take });
  }

  function continuation(
    shot: ExpandedShot,
    { from, path }: NonNullable<ShotValues['previous']>,
  ): Pick<Chained, 'previous'> {
    const origin = need(shot, from, path);
    if (!origin) return {};
    const [model, originModel] = [shot.values.settings.model, origin.values.settings.model];
    if (undated(originModel) !== undated(model)) {
      report({
        code: 'conflicting-fields',
        message: `only the same model can continue a job: ${origin.id} uses ${originModel}, ${shot.id} uses ${model}`,
        path,
        shot: shot.id,
      });
    }
    return { previous: origin.id };
  }

  function need(shot: ExpandedShot, name: string, path: Path): ExpandedShot | undefined {
    const source = find(shot, name, path);
    if (!source) return undefined;
    const known = needs.get(shot);
    if (known) known.push({ source, path });
    else needs.set(shot, [{ source, path }]);
    return source;
  }
}

/** Most shots are made from no other and need no work here. */
function isAlone(values: ShotValues): values is ShotValues & Chained {
  const { frames, references, previous } = values;
  return previous === undefined && !frames.some(isClip) && !references.some(isClip);
}

function isClip({ source }: { readonly source: DraftSource }): boolean {
  return source.kind === 'from';
}

/** A dated slug names the same model as the id it belongs to. */
function undated(model: string): string {
  return model.replace(/-\d{8}$/, '');
}

function checkMoment(shot: ExpandedShot, source: ClipFrame, origin: ExpandedShot, report: Report): void {
  const { take, at, path } = source;
  const { takes, settings } = origin.values;
  if (take !== undefined && take > takes) {
    const count = takes === 1 ? 'one take' : `${takes} takes`;
    const message = `${origin.id} has ${count}, and no take ${take}`;
    const hint = 'name an existing take, or none for the picked one';
    report({ code: 'invalid-value', message, hint, path: [...path, 'take'], shot: shot.id });
  }
  const { duration } = settings;
  if (typeof at === 'number' && duration !== undefined && at > duration) {
    const message = `${origin.id} is ${duration} s long, and shows nothing at ${at} s`;
    const hint = 'at: last takes its last frame, however long it is';
    report({ code: 'invalid-value', message, hint, path: [...path, 'at'], shot: shot.id });
  }
}

type FindShot = (asking: ExpandedShot, name: string, path: Path) => ExpandedShot | undefined;

/** Finds shots by expanded id, or by the manifest's id if that leaves one shot, or one with the same matrix values. */
function shotFinder(
  shots: readonly ExpandedShot[],
  unclear: ReadonlySet<string>,
  report: Report,
  suggest: Suggest,
): FindShot {
  let index: ShotIndex | undefined;

  return (asking, name, path) => {
    index ??= indexShots(shots);
    const group = index.groups.get(name) ?? [];
    const found = index.byId.get(name) ?? (group.length > 1 ? undefined : group[0]);
    if (found) return found;
    const alike = index.alike(asking, name);
    if (alike.length === 1) return alike[0];
    if (isUnclear(name, unclear)) return undefined;
    // A frame may name a take, a continued job may not.
    const isFrame = path.at(-1) === 'from';
    report({ code: 'unknown-shot', path, shot: asking.id, ...explain(name, isFrame, group, index.byId) });
    return undefined;
  };

  function explain(
    name: string,
    isFrame: boolean,
    group: readonly ExpandedShot[],
    byId: ShotIndex['byId'],
  ): { readonly message: string; readonly hint?: string } {
    if (group.length > 0) {
      const some = group.slice(0, 4).map(({ id }) => id);
      const message = `the matrix of ${name} makes ${group.length} shots, and this does not say which one`;
      return { message, hint: `name one: ${some.join(', ')}${group.length > some.length ? ', …' : ''}` };
    }
    const [, id, take = '1'] = /^(.*)@(\d+)$/.exec(name) ?? [];
    if (id !== undefined && byId.has(id)) {
      const hint = isFrame ? `write { from: ${id}, take: ${take} }` : `write the id alone: ${id}`;
      return { message: `no shot is called ${name}`, hint };
    }
    return { message: `no shot is called ${name}${didYouMean(suggest(name, () => byId.keys()))}` };
  }
}

/** Whether a name belongs to a shot, or contains a var, whose fault was already reported. */
function isUnclear(name: string, unclear: ReadonlySet<string>): boolean {
  if (unclear.has(name) || name.includes('{{')) return true;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    if (unclear.has(name.slice(0, dot))) return true;
  }
  return false;
}

/** Follows the needs depth first with a stack of its own: a chain may be thousands of shots long. */
function reportCircles(needs: ReadonlyMap<ExpandedShot, readonly Need[]>, report: Report): void {
  const done = new Set<ExpandedShot>();
  for (const start of needs.keys()) {
    const trail = [{ shot: start, next: 0 }];
    const open = new Set([start]);
    for (let top = trail.at(-1); top; top = trail.at(-1)) {
      const need = done.has(top.shot) ? undefined : needs.get(top.shot)?.[top.next++];
      if (!need) {
        done.add(top.shot);
        open.delete(top.shot);
        trail.pop();
      } else if (open.has(need.source)) {
        const ids = trail.map(({ shot }) => shot.id);
        const circle = [...ids.slice(ids.indexOf(need.source.id)), need.source.id];
        const message = `these shots wait for one another: ${shortened(circle).join(' → ')}`;
        report({ code: 'shot-cycle', message, path: need.path, shot: top.shot.id });
      } else if (!done.has(need.source)) {
        trail.push({ shot: need.source, next: 0 });
        open.add(need.source);
      }
    }
  }
}

function shortened(circle: readonly string[]): readonly string[] {
  if (circle.length <= 12) return circle;
  return [...circle.slice(0, 6), `… ${circle.length - 10} more …`, ...circle.slice(-4)];
}
