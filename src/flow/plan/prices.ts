import { findModel } from '../../catalogue/find.js';
import { estimateTake } from '../../cost/estimate.js';
import { asOneClip, type SourceClip } from '../../cost/source-clip.js';
import type { Catalogue } from '../../domain/catalogue.js';
import type { Estimate } from '../../domain/money.js';
import type { Take } from '../../domain/take.js';
import type { Project } from '../project/project.js';

/** The price of a take; null if its model has none, or there is no catalogue. */
export function pricesBy(
  catalogue: Catalogue | undefined,
  { inputs }: Pick<Project, 'inputs'>,
): (take: Take) => Estimate | null {
  if (!catalogue) return () => null;
  return (take) => {
    const model = findModel(catalogue.models, take.settings.model);
    return model ? estimateTake({ take, model, source: sourceOf(take, inputs) }) : null;
  };
}

/** The clips that go in, where all of them are local and can be read. */
function sourceOf({ references }: Take, inputs: Project['inputs']): SourceClip | undefined {
  const clips = references.filter(({ media }) => media === 'video');
  return asOneClip(
    clips.map(({ source }) => (source.kind === 'file' ? inputs.get(source.path)?.facts : undefined)),
  );
}
