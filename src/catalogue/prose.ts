import type { Model } from '../domain/catalogue.js';
import type { MediaKind, ShotType } from '../domain/take.js';

/*
 * Some abilities have no field in the catalogue. They show in a price that names them, or in the
 * description; if neither says so, they are unknown, never a no.
 */

/** Whether a model is known to take references of a kind: images, unless another kind is mentioned. */
export function takesReferences(model: Model, media: MediaKind): boolean {
  if (says(model, /\bmulti-?modal\b.*\breferences?\b/i)) return true;
  switch (media) {
    case 'image':
      return hasPriceFor(model, /reference/) || says(model, /\breferences?\b/i);
    case 'video':
      return hasPriceFor(model, /with_video_input/) || says(model, VIDEO_REFERENCE);
    case 'audio':
      return says(model, AUDIO_REFERENCE);
  }
}

const VIDEO_REFERENCE = /\bsource (video|clip)|\breference (videos?|clips?)\b|\b(video|clip) references?\b/i;
const AUDIO_REFERENCE =
  /\breference (audio|sounds?|voices?)\b|\b(audio|sound|voice)[- ](references?|guided)\b/i;

/** Whether a model is known to continue the clip of an earlier job. */
export function continuesClips(model: Model): boolean {
  return hasPriceFor(model, /video_continuation/) || says(model, /\b(continu|extend|extension)/i);
}

/** Whether a model is known to work from a picture or a clip alone: upscalers, talking heads and the like. */
export function worksWithoutPrompt(model: Model): boolean {
  return isUpscaler(model) || says(model, /\b(talking[- ]heads?|avatars?|lip[- ]?sync)/i);
}

/** The ways of making a shot that a model is known to offer. */
export function modesOf(model: Model): readonly ShotType[] {
  const modes: ShotType[] = [];
  if (makesClipsFromText(model)) modes.push('text');
  if ((model.supported_frame_images ?? []).length > 0) modes.push('image-to-video');
  if (takesReferences(model, 'image') || takesReferences(model, 'video')) modes.push('reference');
  return modes;
}

/** A video model makes clips from text, unless its description only says that it changes a clip or a photo. */
export function makesClipsFromText(model: Model): boolean {
  if (says(model, /\btext\b/i) || hasPriceFor(model, /text_to_video/)) return true;
  return !worksWithoutPrompt(model) && !says(model, /\bsource video\b|\bedits?\b/i);
}

function isUpscaler(model: Model): boolean {
  return typeof model.upscale_factor === 'object' || says(model, /\bupscal|\benlarge/i);
}

function hasPriceFor(model: Model, qualifier: RegExp): boolean {
  return Object.keys(model.pricing_skus ?? {}).some((key) => qualifier.test(key));
}

/** A sentence that denies an ability is no evidence for it. */
function says(model: Model, ability: RegExp): boolean {
  return model.description
    .split(/[.;\n]/)
    .some((sentence) => ability.test(sentence) && !/\b(no|not|without|cannot)\b/i.test(sentence));
}
