import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { RecordedInput, RecordedRequest } from '../domain/attempt.js';
import { defined } from '../domain/defined.js';
import { apiField, KEPT_FIELD_NAMES, type KeptSettings } from '../domain/fields.js';
import { SHAPING_FIELD_NAMES, shapingSettings } from '../domain/shaping.js';
import type { VideoRequest } from '../domain/request.js';
import type { FramePosition, FrameType, MediaKind, Take } from '../domain/take.js';
import { unreachable } from '../errors.js';
import { unsigned, unsignedUrl } from '../domain/unsigned-url.js';

/** An input whose content is known, or whose address represents it. */
export type KnownInput =
  | { readonly kind: 'file'; readonly path: string; readonly sha256: string; readonly mime: string }
  | { readonly kind: 'url'; readonly url: string }
  /** A frame of a delivered clip; the clip's hash and the position say which picture it is. */
  | {
      readonly kind: 'frame';
      readonly shot: string;
      readonly take: number;
      readonly at: FramePosition;
      readonly clip_sha256: string;
    };

/** A take whose inputs are all known: what a submit buys. */
export interface Order {
  readonly take: Take;
  readonly frames: readonly { readonly frame_type: FrameType; readonly input: KnownInput }[];
  readonly references: readonly { readonly media: MediaKind; readonly input: KnownInput }[];
  /** The finished job that this one continues. */
  readonly previous?: { readonly job_id: string; readonly clip_sha256: string };
}

/** The PNG that was taken from a clip for an input, relative to the manifest's folder. */
export interface FrameFile {
  readonly path: string;
  readonly sha256: string;
}

/** The parts of an order that count. */
type Wished = Omit<Order, 'take'> & { readonly take: Pick<Take, 'settings'> };

/**
 * The fingerprint of an order: sha256 (lower-case hex) of the canonical JSON (RFC 8785) of what shapes the
 * picture. Two orders with one fingerprint ask for the same clip, so the second need not be bought.
 */
export function fingerprint({ take, frames, references, previous }: Wished): string {
  const shaping: Readonly<Record<string, unknown>> = {
    ...shapingSettings(recordedSettings(take)),
    frames: frames.map(({ frame_type, input }) => ({ frame_type, input: inputIdentity(input) })),
    references: references.map(({ media, input }) => ({ media, input: inputIdentity(input) })),
    previous: previous?.clip_sha256,
    // Gateway, providers, ids, folders, concurrency, and settings that change no pixel do not count.
  };
  // Most of many thousands are flat, and the canonical form of a flat value is its JSON.
  let text = '';
  for (const name of SHAPING) {
    const value = shaping[name];
    if (value === undefined) continue;
    const isFlat = typeof value !== 'object' || (Array.isArray(value) && value.length === 0);
    text += `${text === '' ? '' : ','}"${name}":${isFlat ? JSON.stringify(value) : canonicalize(value)}`;
  }
  return hash('sha256', `{${text}}`);
}

/** What shapes the picture, in the order of the canonical form. */
const SHAPING = [...SHAPING_FIELD_NAMES, 'frames', 'references', 'previous'].sort();

/** The fingerprint of a recorded request; `previousClip` is the sha256 of the clip it continues. */
export function requestFingerprint(request: RecordedRequest, previousClip: string | undefined): string {
  const { frame_images = [], input_references = [], previous_job_id: job_id } = request;
  const input = (recorded: RecordedInput): KnownInput => {
    if ('from' in recorded) return { kind: 'frame', shot: recorded.from, ...recorded };
    return 'url' in recorded ? { kind: 'url', ...recorded } : { kind: 'file', mime: '', ...recorded };
  };
  const order: Wished = {
    take: { settings: request },
    frames: frame_images.map((frame) => ({ ...frame, input: input(frame.input) })),
    references: input_references.map((reference) => ({ ...reference, input: input(reference.input) })),
  };
  if (job_id === undefined || previousClip === undefined) return fingerprint(order);
  return fingerprint({ ...order, previous: { job_id, clip_sha256: previousClip } });
}

/** Local inputs count by content, remote ones by address without its signature, frames by clip and position. */
function inputIdentity(input: KnownInput): Record<string, string | number> {
  switch (input.kind) {
    case 'file':
      return { sha256: input.sha256 };
    case 'url':
      return { url: unsignedUrl(input.url) };
    case 'frame':
      return { clip_sha256: input.clip_sha256, at: input.at };
    default:
      return unreachable(input);
  }
}

/** The request as the lockfile keeps it. `frameFile` gives the PNG of a frame input. */
export function recordRequest(
  order: Order,
  frameFile: (input: KnownInput) => FrameFile | undefined,
): RecordedRequest {
  const recorded = (input: KnownInput): RecordedInput => {
    switch (input.kind) {
      case 'file':
        return { path: input.path, sha256: input.sha256 };
      case 'url':
        return { url: unsignedUrl(input.url) };
      case 'frame': {
        const { shot, take, at, clip_sha256 } = input;
        return { from: shot, take, at, clip_sha256, ...frameFile(input) };
      }
      default:
        return unreachable(input);
    }
  };
  return {
    ...recordedSettings(order.take),
    ...inputsOf(order, {
      frame: ({ frame_type, input }) => ({ frame_type, input: recorded(input) }),
      reference: ({ media, input }) => ({ media, input: recorded(input) }),
    }),
  };
}

/** The settings that lockfile and report keep, without the signatures of addresses. */
export function recordedSettings({ settings }: Pick<Take, 'settings'>): KeptSettings {
  const kept: Record<string, unknown> = {};
  for (const name of KEPT_FIELD_NAMES) {
    const value = settings[name];
    if (value !== undefined) kept[name] = apiField(name).signed ? unsigned(value) : value;
  }
  // Each has the type that the settings have under its name.
  return kept as unknown as KeptSettings;
}

/** The request as it goes over the wire. `urlOf` gives the https or data URL of an input. */
export function wireRequest(order: Order, urlOf: (input: KnownInput) => string): VideoRequest {
  return {
    ...order.take.settings,
    ...inputsOf(order, {
      frame: ({ frame_type, input }) => ({
        type: 'image_url' as const,
        image_url: { url: urlOf(input) },
        frame_type,
      }),
      reference: ({ media, input }) => referencePart(media, urlOf(input)),
    }),
  };
}

/** What a request has besides the settings, under the API's names; lists that would be empty are left out. */
function inputsOf<F, R>(
  { frames, references, previous }: Order,
  as: {
    readonly frame: (frame: Order['frames'][number]) => F;
    readonly reference: (reference: Order['references'][number]) => R;
  },
) {
  return defined({
    previous_job_id: previous?.job_id,
    frame_images: frames.length > 0 ? frames.map(as.frame) : undefined,
    input_references: references.length > 0 ? references.map(as.reference) : undefined,
  });
}

function referencePart(media: MediaKind, url: string): NonNullable<VideoRequest['input_references']>[number] {
  switch (media) {
    case 'image':
      return { type: 'image_url', image_url: { url } };
    case 'video':
      return { type: 'video_url', video_url: { url } };
    case 'audio':
      return { type: 'audio_url', audio_url: { url } };
    default:
      return unreachable(media);
  }
}
