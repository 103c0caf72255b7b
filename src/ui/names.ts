import { clean } from './text.js';

/** Shows a model without its vendor (`veo-3.1-lite`), unless two vendors of this list share the name. */
export function modelNames(models: Iterable<string>): (model: string) => string {
  const byName = new Map<string, Set<string>>();
  for (const model of models) {
    const sharing = byName.get(tailOf(model));
    if (sharing === undefined) byName.set(tailOf(model), new Set([model]));
    else sharing.add(model);
  }
  return (model) => clean((byName.get(tailOf(model))?.size ?? 0) > 1 ? model : tailOf(model));
}

function tailOf(model: string): string {
  return model.slice(model.lastIndexOf('/') + 1);
}

interface TakeName {
  readonly id: string;
  readonly take: number;
}

/** Names takes as the command line takes them: `turn`, or `turn@2` where this list has several of the shot. */
export function takeKeys(takes: Iterable<TakeName>): (take: TakeName) => string {
  const seen = new Map<string, number>();
  for (const { id, take } of takes) seen.set(id, Math.max(take, (seen.get(id) ?? 0) + 1));
  return ({ id, take }) => clean((seen.get(id) ?? 0) > 1 ? `${id}@${take}` : id);
}
