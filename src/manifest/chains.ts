import { nearest } from '../domain/nearest.js';
import type { FrameInput, ReferenceInput } from '../domain/take.js';
import type { ExpandedShot } from './expand-shot.js';
import { identity } from './matrix.js';
import type { Path } from './places.js';
import type { Report } from './problems.js';
import type { ClipFrame, DraftSource } from './shot-values.js';

/** A shot whose inputs and predecessor name expanded shots. */
export interface ChainedShot extends Omit<ExpandedShot, 'frames' | 'references' | 'previous'> {
  readonly frames: readonly FrameInput[];
  readonly references: readonly ReferenceInput[];
  readonly previous?: string;
}

/** A shot that another one needs, and the place that says so. */
interface Need {
  readonly source: ExpandedShot;
  readonly path: Path;
}

/**
 * Finds the shots that others grow out of, and reports unknown ones, circles, takes and moments that do not exist.
 * `unclear`: ids of shots that could not be expanded; what names them is not worth a second message.
 */
export function resolveChains(options: {
  readonly shots: readonly ExpandedShot[];
  readonly unclear: ReadonlySet<string>;
  readonly report: Report;
}): readonly ChainedShot[] {
  const { shots, unclear, report } = options;
  const find = shotFinder({ shots, unclear, report });
  const needs = new Map<ExpandedShot, Need[]>();
  const chained = shots.map((shot) => chain(shot));
  if (needs.size > 0) reportCircles(needs, report);
  return chained;

  function chain(shot: ExpandedShot): ChainedShot {
    const { frames, references, previous, ...rest } = shot;
    return {
      ...rest,
      frames: frames.flatMap(({ frame_type, source }) => {
        const resolved = resolve(shot, source);
        return resolved ? [{ frame_type, source: resolved }] : [];
      }),
      references: references.flatMap(({ media, source }) => {
        const resolved = resolve(shot, source);
        return resolved ? [{ media, source: resolved }] : [];
      }),
      ...(previous === undefined ? {} : continuation(shot, previous)),
    };
  }

  function resolve(shot: ExpandedShot, source: DraftSource): FrameInput['source'] | undefined {
    if (source.kind !== 'from') return source;
    const { from, at, take, path } = source;
    const origin = need(shot, from, [...path, 'from']);
    if (!origin) return undefined;
    checkMoment({ shot, source, origin, report });
    return { kind: 'shot', shot: origin.id, at, ...(take === undefined ? {} : { take }) };
  }

  function continuation(shot: ExpandedShot, previous: string): { readonly previous?: string } {
    const path = shot.pathOf('previous_job');
    const origin = need(shot, previous, path);
    if (!origin) return {};
    if (undated(origin.settings.model) !== undated(shot.settings.model)) {
      report({
        code: 'conflicting-fields',
        message: `a job is continued by its own model: ${origin.id} is made by ${origin.settings.model}, ${shot.id} by ${shot.settings.model}`,
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

/** A dated slug names the same model as the id it belongs to. */
function undated(model: string): string {
  return model.replace(/-\d{8}$/, '');
}

function checkMoment(parts: {
  readonly shot: ExpandedShot;
  readonly source: ClipFrame;
  readonly origin: ExpandedShot;
  readonly report: Report;
}): void {
  const { shot, source, origin, report } = parts;
  const { take, at, path } = source;
  if (take !== undefined && take > origin.takes) {
    const count = origin.takes === 1 ? 'one take' : `${origin.takes} takes`;
    const message = `${origin.id} has ${count}, and no take ${take}`;
    report({ code: 'invalid-value', message, path: [...path, 'take'], shot: shot.id });
  }
  const { duration } = origin.settings;
  if (typeof at === 'number' && duration !== undefined && at > duration) {
    const message = `${origin.id} is ${duration} s long, and shows nothing at ${at} s`;
    report({ code: 'invalid-value', message, path: [...path, 'at'], shot: shot.id });
  }
}

type FindShot = (asking: ExpandedShot, name: string, path: Path) => ExpandedShot | undefined;

/** Finds shots by expanded id, or by the manifest's id where that leaves one, or one with the same matrix values. */
function shotFinder(options: {
  readonly shots: readonly ExpandedShot[];
  readonly unclear: ReadonlySet<string>;
  readonly report: Report;
}): FindShot {
  const { shots, unclear, report } = options;
  let index:
    { readonly byId: Map<string, ExpandedShot>; readonly groups: Map<string, ExpandedShot[]> } | undefined;

  return (asking, name, path) => {
    index ??= indexOf(shots);
    const { byId, groups } = index;
    const group = groups.get(name) ?? [];
    const found = byId.get(name) ?? (group.length > 1 ? undefined : group[0]);
    if (found) return found;
    const alike = group.filter((candidate) => agree(asking, candidate));
    if (alike.length === 1) return alike[0];
    if (name.includes('{{') || unclear.has(name) || [...unclear].some((id) => name.startsWith(`${id}.`)))
      return undefined;
    report({ code: 'unknown-shot', path, shot: asking.id, ...explain(name, group, byId) });
    return undefined;
  };
}

function indexOf(shots: readonly ExpandedShot[]): {
  byId: Map<string, ExpandedShot>;
  groups: Map<string, ExpandedShot[]>;
} {
  const groups = new Map<string, ExpandedShot[]>();
  for (const shot of shots) {
    const group = groups.get(shot.manifestId);
    if (group) group.push(shot);
    else groups.set(shot.manifestId, [shot]);
  }
  return { byId: new Map(shots.map((shot) => [shot.id, shot])), groups };
}

/** Whether two shots have the same values wherever both have a matrix name, and share one. */
function agree(a: ExpandedShot, b: ExpandedShot): boolean {
  const shared = Object.keys(b.matrix).filter((name) => Object.hasOwn(a.matrix, name));
  return shared.length > 0 && shared.every((name) => identity(a.matrix[name]) === identity(b.matrix[name]));
}

function explain(
  name: string,
  group: readonly ExpandedShot[],
  byId: ReadonlyMap<string, ExpandedShot>,
): { readonly message: string; readonly hint?: string } {
  if (group.length > 0) {
    const some = group.slice(0, 4).map(({ id }) => id);
    const message = `the matrix of ${name} makes ${group.length} shots, and this fits no single one of them`;
    return { message, hint: `name one: ${some.join(', ')}${group.length > some.length ? ', …' : ''}` };
  }
  const withTake = /^(.*)@(\d+)$/.exec(name);
  if (withTake?.[1] !== undefined && byId.has(withTake[1])) {
    return {
      message: `no shot is called ${name}`,
      hint: `write { from: ${withTake[1]}, take: ${withTake[2] ?? '1'} }`,
    };
  }
  const meant = nearest(name, byId.keys());
  const message = `no shot is called ${name}`;
  return meant === undefined ? { message } : { message: `${message}; did you mean ${meant}?` };
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
