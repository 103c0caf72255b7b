import type { Model } from '../domain/catalogue.js';
import * as is from './shape.js';

/** The models of one gateway at one time, as far as the shots used them. */
export interface CatalogueSnapshot {
  readonly gateway: string;
  /** ISO 8601, UTC. */
  readonly fetched_at: string;
  readonly models: readonly Model[];
}

const modelShape = is.objectOf<Model>({
  required: { id: is.text, canonical_slug: is.text, name: is.text, description: is.text },
  optional: {
    supported_durations: is.arrayOf(is.finite),
    supported_resolutions: is.arrayOf(is.text),
    supported_aspect_ratios: is.arrayOf(is.text),
    supported_sizes: is.arrayOf(is.text),
    supported_frame_images: is.arrayOf(is.text),
    generate_audio: is.bool,
    seed: is.bool,
    upscale_factor: is.eitherOf<false | { readonly min?: number; readonly max?: number }>(
      is.oneOf(false),
      is.objectOf<{ readonly min?: number; readonly max?: number }>({
        required: {},
        optional: { min: is.finite, max: is.finite },
      }),
    ),
    creativity: is.eitherOf<false | readonly number[]>(is.oneOf(false), is.arrayOf(is.finite)),
    allowed_passthrough_parameters: is.arrayOf(is.text),
    pricing_skus: is.recordOf(is.text),
  },
});

/** What a snapshot from the disk must look like. */
export const catalogueShape = is.objectOf<CatalogueSnapshot>({
  required: { gateway: is.text, fetched_at: is.text, models: is.arrayOf(modelShape) },
  optional: {},
});
