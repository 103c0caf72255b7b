import type { DiagnosticCode } from '../domain/diagnostic.js';
import type { ShotSettings } from '../domain/fields.js';
import { isRecord } from '../domain/is-record.js';
import { nearest } from '../domain/nearest.js';
import type { FrameType, MediaKind, Take } from '../domain/take.js';
import { nearestDurations, nearestRatio, nearestResolution, nearestSize } from './nearest-value.js';
import { allOf, eitherOf, enlargement, lengths, quotedIfOdd } from './phrases.js';
import { continuesClips, makesClipsFromText, takesReferences, worksWithoutPrompt } from './prose.js';
import { ruleOf, type Ask, type Rule } from './rule.js';

const duration = ruleOf<number>({
  code: 'duration-unsupported',
  asks: setting('duration'),
  allows: (model, seconds) => model.supported_durations?.includes(seconds),
  refusal: ({ id, supported_durations: supported = [] }, seconds) =>
    supported.length === 0
      ? `${id} takes no duration`
      : `${id} makes clips of ${lengths(supported)}, not of ${seconds}`,
  doubt: ({ id }) => `how long the clips of ${id} may be`,
  remedy: ({ supported_durations: supported = [] }, seconds) =>
    supported.length === 0
      ? leaveOut('duration')
      : `the nearest is ${eitherOf(nearestDurations(seconds, supported))}`,
  offer: ({ supported_durations: supported = [] }) => `takes ${lengths(supported)}`,
});

const frames = ruleOf<FrameType>({
  code: 'frame-unsupported',
  asks: (take) => take.frames.map(({ frame_type }) => ({ field: frame_type, value: frame_type })),
  allows: (model, frame) => model.supported_frame_images?.includes(frame),
  refusal: ({ id, supported_frame_images: supported = [] }, frame) =>
    supported.length === 0 ? `${id} takes no frames` : `${id} takes only ${allOf(supported)}, not ${frame}`,
  doubt: ({ id }) => `whether ${id} takes frames`,
  offer: (_, frame) => `takes ${frame}`,
});

const audio = ruleOf<boolean>({
  code: 'audio-unsupported',
  asks: setting('generate_audio'),
  allows: (model) => model.generate_audio,
  // A gateway has answered 400 to the field itself, so that even `false` is not sent.
  refusal: ({ id }, wanted) =>
    wanted
      ? `${id} makes no audio`
      : `${id} makes no audio, and refuses generate_audio even when it is false`,
  doubt: ({ id }) => `whether ${id} makes audio`,
  remedy: () => leaveOut('generate_audio'),
  offer: (_, wanted) => (wanted ? 'makes audio' : undefined),
});

const seed = ruleOf<number>({
  code: 'seed-unsupported',
  asks: setting('seed'),
  allows: (model) => model.seed,
  refusal: ({ id }) => `${id} takes no seed`,
  doubt: ({ id }) => `whether ${id} takes a seed`,
  remedy: () => leaveOut('seed'),
  offer: () => 'takes one',
});

const upscaleFactor = ruleOf<number>({
  code: 'upscale-unsupported',
  asks: setting('upscale_factor'),
  allows: ({ upscale_factor: range }, factor) =>
    range && factor >= (range.min ?? factor) && factor <= (range.max ?? factor),
  refusal: ({ id, upscale_factor: range }, factor) =>
    range ? `${id} enlarges ${enlargement(range)}, not ${factor} times` : `${id} does not upscale`,
  doubt: ({ id }) => `whether ${id} upscales`,
  remedy: ({ upscale_factor: range }) => (range ? undefined : leaveOut('upscale_factor')),
  offer: ({ upscale_factor: range }) => `enlarges ${enlargement(range || {})}`,
});

const creativity = ruleOf<number>({
  code: 'creativity-unsupported',
  asks: setting('creativity'),
  allows: ({ creativity: levels }, level) => levels && levels.includes(level),
  refusal: ({ id, creativity: levels }, level) =>
    levels ? `${id} takes a creativity of ${eitherOf(levels)}, not ${level}` : `${id} takes no creativity`,
  doubt: ({ id }) => `whether ${id} takes a creativity`,
  remedy: ({ creativity: levels }) => (levels ? undefined : leaveOut('creativity')),
});

const passthrough = ruleOf<string>({
  code: 'passthrough-unsupported',
  asks: passthroughKeys,
  allows: (model, key) => model.allowed_passthrough_parameters?.includes(key),
  refusal: ({ id }, key) => `${id} does not take ${quotedIfOdd(key)}: the gateway would silently drop it`,
  doubt: ({ id }) => `which provider options ${id} takes`,
  remedy: ({ allowed_passthrough_parameters: allowed = [] }, key) => {
    const meant = nearest(key, allowed);
    if (meant !== undefined) return `did you mean ${meant}?`;
    return allowed.length === 0 ? 'it takes no provider options' : `it takes ${allOf(allowed)}`;
  },
});

/** A rule for each kind: what is known about one says nothing about the others. */
const references = (['image', 'video', 'audio'] as const).map((media) =>
  ruleOf<MediaKind>({
    code: 'references-unconfirmed',
    doubtCode: 'references-unconfirmed',
    asks: (take) =>
      take.references.some((reference) => reference.media === media)
        ? [{ field: 'references', value: media }]
        : NONE,
    allows: (model) => takesReferences(model, media) || undefined,
    doubt: ({ id }) => `whether ${id} takes ${media} references`,
  }),
);

const continuation = ruleOf<string>({
  code: 'capability-unknown',
  asks: ({ previous_shot }) =>
    previous_shot === undefined ? NONE : [{ field: 'previous_job', value: previous_shot }],
  allows: (model) => continuesClips(model) || undefined,
  doubt: ({ id }) => `whether ${id} continues the clip of another job`,
});

const fromText = ruleOf<string>({
  code: 'capability-unknown',
  asks: ({ type, settings, previous_shot }) =>
    type === 'text' && previous_shot === undefined && settings.prompt?.trim()
      ? [{ field: 'prompt', value: type }]
      : NONE,
  allows: (model) => makesClipsFromText(model) || undefined,
  doubt: ({ id }) => `whether ${id} makes a clip from a prompt alone, without a source`,
});

const prompt = ruleOf<Take['type']>({
  code: 'prompt-required',
  asks: ({ settings, type }) => (settings.prompt?.trim() ? NONE : [{ field: 'prompt', value: type }]),
  allows: (model, type) => type !== 'text' && worksWithoutPrompt(model),
  refusal: ({ id }, type) =>
    type === 'text' ? 'a text shot needs a prompt' : `${id} is not known to work without a prompt`,
  remedy: () => 'add a prompt: to the shot, or to the defaults',
});

/** Everything that a take may ask of its model. */
export const RULES: readonly Rule[] = [
  prompt,
  duration,
  listed('resolution', 'supported_resolutions', 'resolution-unsupported', nearestResolution),
  listed('aspect_ratio', 'supported_aspect_ratios', 'aspect-ratio-unsupported', nearestRatio),
  listed('size', 'supported_sizes', 'size-unsupported', nearestSize),
  frames,
  audio,
  seed,
  upscaleFactor,
  creativity,
  passthrough,
  ...references,
  continuation,
  fromText,
];

const NONE: readonly never[] = [];

/** Longer lists of sizes are counted, not spelled out. */
const MOST_SIZES_NAMED = 6;

/** A rule for a setting of the picture whose values the catalogue lists. */
function listed(
  field: 'resolution' | 'aspect_ratio' | 'size',
  list: 'supported_resolutions' | 'supported_aspect_ratios' | 'supported_sizes',
  code: DiagnosticCode,
  nearestOf: (wanted: string, supported: readonly string[]) => string | undefined,
): Rule {
  const noun = field.replace('_', ' ');
  const isSize = field === 'size';
  return ruleOf<string>({
    code,
    asks: setting(field),
    allows: (model, value) => model[list]?.includes(value),
    refusal({ id, [list]: supported = [] }, value) {
      if (supported.length === 0) return `${id} takes no ${noun}`;
      if (isSize && supported.length > MOST_SIZES_NAMED)
        return `${value} is not one of the ${supported.length} sizes that ${id} makes`;
      const word = isSize ? 'of' : 'in';
      return `${id} makes clips ${word} ${eitherOf(supported)}, not ${word} ${quotedIfOdd(value)}`;
    },
    doubt: ({ id }) => `which ${noun}s ${id} makes`,
    remedy({ [list]: supported = [] }, value) {
      if (supported.length === 0) return leaveOut(field);
      const near = nearestOf(value, supported);
      return near === undefined ? undefined : `the nearest is ${near}`;
    },
    offer: (_, value) => `makes ${quotedIfOdd(value)}`,
  });
}

/** Asks what the settings have under a field, where they have it. */
function setting<K extends keyof ShotSettings>(
  field: K,
): (take: Take) => readonly Ask<NonNullable<ShotSettings[K]>>[] {
  return ({ settings }) => {
    const value = settings[field];
    return value == null ? NONE : [{ field, value }];
  };
}

/** The keys passed to a provider, at either depth: `<slug>.<key>` and `<slug>.parameters.<key>`. */
function passthroughKeys({ settings }: Take): readonly Ask<string>[] {
  if (!settings.provider?.options) return NONE;
  const keys = Object.values(settings.provider.options).flatMap((options) =>
    Object.entries(options).flatMap(([key, value]) =>
      key === 'parameters' && isRecord(value) ? Object.keys(value) : [key],
    ),
  );
  return keys.map((key) => ({ field: 'provider', value: key }));
}

function leaveOut(field: string): string {
  return `leave it out; \`${field}: null\` unsets a default`;
}
