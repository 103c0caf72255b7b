import type { InputSource, MediaKind, ShotSettings, ShotType } from '../domain/take.js';
import { callbackUrl, inputSource } from './addresses.js';
import { RIVALS, type Layered } from './layers.js';
import type { Path } from './places.js';
import type { Problem, Report } from './problems.js';
import type { FieldName, RawClipFrame, RawFields, RawReference } from './raw.js';
import { show } from './show.js';
import type { Substitution } from './vars.js';

/** A frame of another shot, which is still named as the manifest names it. */
export interface ClipFrame {
  readonly kind: 'from';
  readonly from: string;
  readonly at: 'first' | 'last' | number;
  readonly take?: number;
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
  readonly previous?: { readonly from: string; readonly path: Path };
  readonly takes: number;
  readonly tags: readonly string[];
}

/** Most models take seeds of 31 bits; a take that counts over that edge would be refused after others were paid. */
const LARGEST_COMMON_SEED = 2 ** 31 - 1;

/** Fields that go to the gateway as they stand. */
const SETTINGS = [
  'model',
  'prompt',
  'duration',
  'resolution',
  'aspect_ratio',
  'size',
  'seed',
  'generate_audio',
  'provider',
  'callback_url',
  'creativity',
  'upscale_factor',
  'session_id',
  'user',
] as const satisfies readonly FieldName[];

/** What a var may have made of a field that the schema could not judge before. */
const FORMS: readonly { readonly field: FieldName; readonly form: RegExp; readonly title: string }[] = [
  { field: 'model', form: /^\S.{0,199}$/u, title: 'the id of a model' },
  { field: 'resolution', form: /^.{1,40}$/u, title: 'a resolution such as 720p' },
  { field: 'aspect_ratio', form: /^.{1,40}$/u, title: 'a ratio such as "16:9"' },
  { field: 'size', form: /^[1-9]\d{0,4}x[1-9]\d{0,4}$/, title: 'a size in pixels such as 1280x720' },
  { field: 'session_id', form: /^[^]{0,256}$/u, title: 'text of at most 256 characters' },
  { field: 'user', form: /^[^]{0,256}$/u, title: 'text of at most 256 characters' },
];

/**
 * Puts the vars into one combination's fields and checks them together. `suspect`: fields of the shot or of the
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
  const idPath = ['shots', index, 'id'];
  const fields = withVars(layered, vars);
  const fault = (field: FieldName, problem: Omit<Problem, 'path'>): void => {
    report({ ...problem, path: fields[field] === undefined ? idPath : pathOf(field) });
  };

  checkForms(fields, fault);
  checkRivals(fields, fault);
  checkSeeds(fields, fault);
  if (!suspect) checkPresence(fields, fault);
  const frames = readFrames();
  const references = readReferences();
  const type = frames.length > 0 ? 'image-to-video' : references.length > 0 ? 'reference' : 'text';
  if (!suspect) checkType(fields, type, fault);
  if (fields.callback_url != null) {
    const url = callbackUrl(fields.callback_url);
    if (!url.ok) report({ ...url.fault, path: pathOf('callback_url') });
  }
  return {
    type,
    settings: readSettings(fields),
    frames,
    references,
    ...(fields.previous_job == null
      ? undefined
      : { previous: { from: fields.previous_job, path: pathOf('previous_job') } }),
    takes: fields.takes ?? 1,
    tags: fields.tags ?? NO_TAGS,
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
    // No other shot is named by text alone.
    return source.ok && source.value.kind !== 'shot' ? source.value : undefined;
  }
}

const NO_INPUTS: readonly never[] = [];
const NO_TAGS: readonly string[] = [];

function clipFrame({ from, at = 'last', take }: RawClipFrame, path: Path): ClipFrame {
  return { kind: 'from', from, at, ...(take === undefined ? {} : { take }), path };
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

type Fault = (field: FieldName, problem: Omit<Problem, 'path'>) => void;

function checkForms(fields: RawFields, fault: Fault): void {
  for (const { field, form, title } of FORMS) {
    const value = fields[field];
    if (typeof value !== 'string' || form.test(value)) continue;
    fault(field, { code: 'invalid-value', message: `${field} must be ${title}, not ${show(value)}` });
  }
  if (fields.tags?.some((tag) => tag.trim() === '' || tag.length > 200)) {
    fault('tags', { code: 'invalid-value', message: 'a tag is a short word' });
  }
}

function checkRivals(fields: RawFields, fault: Fault): void {
  for (const [one, other] of RIVALS) {
    const a = one.find((field) => fields[field] != null);
    const b = other.find((field) => fields[field] != null);
    if (a === undefined || b === undefined) continue;
    fault(a, {
      code: 'conflicting-fields',
      message: `${a} and ${b} exclude each other`,
      on: 'key',
      hint:
        a === 'size'
          ? 'give size, or resolution and aspect_ratio'
          : 'the gateway would drop the references: make two shots',
    });
  }
}

function checkSeeds({ seed, takes }: RawFields, fault: Fault): void {
  if (seed == null || takes == null) return;
  const limit = seed <= LARGEST_COMMON_SEED ? LARGEST_COMMON_SEED : Number.MAX_SAFE_INTEGER;
  const highest = limit - (takes - 1);
  if (seed <= highest) return;
  const message = `seeds count up with the takes, and those of ${takes} takes would pass ${limit}`;
  fault('seed', { code: 'invalid-value', message, hint: `begin at ${highest} or below` });
}

function checkPresence(fields: RawFields, fault: Fault): void {
  if (fields.model == null) {
    fault('model', {
      code: 'missing-key',
      message: 'the shot has no model',
      hint: 'set model: on the shot or in defaults',
    });
  }
  const isText = fields.first_frame == null && fields.last_frame == null && fields.references == null;
  if (isText && (fields.prompt == null || fields.prompt.trim() === '')) {
    fault('prompt', { code: 'prompt-required', message: 'a text shot needs a prompt' });
  }
}

function checkType({ type: given }: RawFields, type: ShotType, fault: Fault): void {
  if (given == null || given === type) return;
  const has = { text: 'no frames and no references', 'image-to-video': 'a frame', reference: 'references' }[
    type
  ];
  const remedy = {
    text: 'first_frame: null, last_frame: null or references: null unset what the defaults bring',
    'image-to-video': 'add first_frame: or last_frame:',
    reference: 'add references:',
  }[given];
  fault('type', {
    code: 'type-mismatch',
    message: `type is ${given}, but with ${has} the shot is ${type}`,
    hint: `leave type out, or ${remedy}`,
  });
}

function readSettings(fields: RawFields): ShotSettings {
  const settings: Record<string, unknown> = { model: '' };
  for (const field of SETTINGS) if (fields[field] != null) settings[field] = fields[field];
  // Each field has the type that the schema gives it under this name.
  return settings as unknown as ShotSettings;
}
