import type { Diagnostic } from '../../domain/diagnostic.js';
import type { MediaKind, Take } from '../../domain/take.js';
import type { Project } from './project.js';

/** An input of a take, with its place in the manifest. */
interface InputUse {
  readonly take: Take;
  readonly field: string;
  readonly media: MediaKind;
  /** Its path or URL: one field of a shot can hold several. */
  readonly address: string;
}

/** The inputs of a take that are files beside the manifest, or those that are downloaded by their URL. */
export function inputUses(take: Take, kind: 'file' | 'url'): InputUse[] {
  const inputs = [
    ...take.frames.map(({ frame_type, source }) => ({ source, field: frame_type, media: 'image' as const })),
    ...take.references.map(({ source, media }, index) => ({ source, field: `references[${index}]`, media })),
  ];
  return inputs.flatMap(({ source, field, media }) => {
    if (source.kind === 'shot' || source.kind !== kind) return [];
    return [{ take, field, media, address: source.kind === 'file' ? source.path : source.url }];
  });
}

/**
 * The problems of some inputs, once for each place in the manifest. Takes and combinations of a matrix share the place of
 * their shot; a fault in the defaults concerns many shots, and names none.
 */
export function oncePerPlace(
  locate: Project['locate'],
  uses: readonly InputUse[],
  diagnose: (use: InputUse) => Diagnostic | undefined,
): Diagnostic[] {
  const told = new Map<string, Diagnostic>();
  const perField = new Map(
    uses.map((use) => [`${use.take.shot_index} ${use.field} ${use.media} ${use.address}`, use]),
  );
  for (const [key, use] of perField) {
    const found = diagnose(use);
    if (!found) continue;
    const at = locate(use.take, use.field);
    const place = at ? `${at.line}:${at.column} ${use.media} ${use.address}` : key;
    const diagnostic = { ...found, ...(at ? { at } : {}) };
    told.set(place, told.has(place) ? diagnostic : { ...diagnostic, shot: use.take.shot });
  }
  return [...told.values()];
}
