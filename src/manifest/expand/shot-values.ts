import { API_FIELD_NAMES, type ShotSettings } from '../../domain/fields.js';
import { plainSettings } from '../../domain/plain-settings.js';
import type { InputSource, MediaKind, ShotType } from '../../domain/take.js';
import { callbackUrl, inputSource } from '../addresses.js';
import { checkFields, typeOf, type Fault } from './check-fields.js';
import { checkPreferences } from './check-preferences.js';
import type { Layered } from './layers.js';
import type { Path } from '../yaml/places.js';
import type { Report } from '../problems.js';
import type { FieldName, RawClipFrame, RawFields, RawReference } from '../schema/raw.js';
import type { Substitution } from './vars.js';

/** A frame of another shot; its id is still the one in the manifest. */
export interface ClipFrame {
  readonly kind: 'from';
  readonly from: string;
  readonly at: 'first' | 'last' | number;
  readonly take?: number | undefined;
  readonly path: Path;
}

export type DraftSource = Exclude<InputSource, { kind: 'shot' }> | ClipFrame;

/** What one combination of a shot asks for, checked; its chains are not resolved yet. */
export interface ShotValues {
  readonly type: ShotType;
  readonly settings: ShotSettings;
  readonly frames: readonly {
    readonly frame_type: 'first_frame' | 'last_frame';
    readonly source: DraftSource;
  }[];
  readonly references: readonly { readonly media: MediaKind; readonly source: DraftSource }[];
  readonly previous?: { readonly from: string; readonly path: Path } | undefined;
  readonly takes: number;
  readonly tags: readonly string[];
  /** By language. */
  readonly captions: Readonly<Record<string, string>> | undefined;
}

/**
 * Inserts the vars into one combination's fields and checks them together. `suspect`: fields of the shot or of the
 * defaults were dropped as faulty, so what seems to be missing may just be misspelt.
 */
export function shotValues(options: {
  readonly layered: Layered;
  readonly vars: Substitution;
  readonly index: number;
  readonly suspect: boolean;
  readonly plainHttp: boolean;
  readonly report: Report;
}): ShotValues {
  const { layered, vars, index, suspect, plainHttp, report } = options;
  const { pathOf } = layered;
  const fields = withVars(layered, vars);
  const fault: Fault = (field, problem) => {
    report({ ...problem, path: fields[field] === undefined ? ['shots', index, 'id'] : pathOf(field) });
  };

  checkFields(fields, suspect, fault);
  checkPreferences(fields, (key, problem) => report({ ...problem, path: [...pathOf('provider'), key] }));
  if (fields.callback_url != null) {
    const url = callbackUrl(fields.callback_url);
    if (!url.ok) report({ ...url.fault, path: pathOf('callback_url') });
  }
  return {
    type: typeOf(fields),
    settings: settingsOf(fields),
    frames: readFrames(),
    references: readReferences(),
    takes: fields.takes ?? 1,
    tags: fields.tags ?? NO_TAGS,
    captions: fields.captions ?? undefined,
    previous:
      fields.previous_job == null ? undefined : { from: fields.previous_job, path: pathOf('previous_job') },
  };

  function readFrames(): ShotValues['frames'] {
    if (fields.first_frame == null && fields.last_frame == null) return NO_INPUTS;
    return (['first_frame', 'last_frame'] as const).flatMap((frame_type) => {
      const given = fields[frame_type];
      if (given == null) return [];
      const path = pathOf(frame_type);
      const source = typeof given === 'string' ? address(given, path) : clipFrame(given, path);
      return source ? [{ frame_type, source }] : [];
    });
  }

  function readReferences(): ShotValues['references'] {
    if (fields.references == null) return NO_INPUTS;
    const at = pathOf('references');
    return fields.references.flatMap((given, place) => {
      const path = [...at, place];
      const { media, source } = readReference(given, path);
      return source ? [{ media, source }] : [];
    });
  }

  function readReference(
    given: string | RawReference,
    path: Path,
  ): { readonly media: MediaKind; readonly source: DraftSource | undefined } {
    if (typeof given === 'string') return { media: 'image', source: address(given, path) };
    const { from } = given;
    if (from !== undefined) return { media: 'image', source: clipFrame({ ...given, from }, path) };
    for (const media of ['video', 'audio', 'image'] as const) {
      const text = given[media];
      if (text !== undefined) return { media, source: address(text, [...path, media]) };
    }
    return { media: 'image', source: undefined };
  }

  function address(text: string, path: Path): DraftSource | undefined {
    const source = inputSource(text, plainHttp);
    if (!source.ok) report({ ...source.fault, path });
    // A plain text never names another shot.
    return source.ok && source.value.kind !== 'shot' ? source.value : undefined;
  }
}

const NO_INPUTS: readonly never[] = [];
const NO_TAGS: readonly string[] = [];

function clipFrame({ from, at = 'last', take }: RawClipFrame, path: Path): ClipFrame {
  return { kind: 'from', from, at, take, path };
}

function withVars({ fields, pathOf }: Layered, vars: Substitution): RawFields {
  const changed: Partial<Record<FieldName, unknown>> = {};
  let isChanged = false;
  for (const field of Object.keys(fields) as FieldName[]) {
    const value = fields[field];
    if (typeof value === 'string' ? !value.includes('{{') : typeof value !== 'object') continue;
    const filled = vars.value(value, () => pathOf(field));
    if (filled === value) continue;
    changed[field] = filled;
    isChanged = true;
  }
  return isChanged ? { ...fields, ...(changed as RawFields) } : fields;
}

function settingsOf(fields: RawFields): ShotSettings {
  const settings: Record<string, unknown> = { model: '' };
  for (const field of API_FIELD_NAMES) if (fields[field] != null) settings[field] = fields[field];
  // Each field has the type that the schema gives it under this name.
  return plainSettings(settings as unknown as ShotSettings);
}
