import type { Estimate } from './money.js';
import type { ShotType } from './take.js';

/**
 * One model as the gateway lists it, reduced to what we use. Three-valued: `undefined` means that the
 * gateway does not say, a list or a boolean is its word. (A wire null is `undefined` here, except that
 * `upscale_factor` and `creativity` null mean no.)
 */
export interface Model {
  readonly id: string;
  /** The dated slug; the id where the gateway gives none. */
  readonly canonical_slug: string;
  readonly name: string;
  readonly description: string;
  readonly supported_durations?: readonly number[];
  readonly supported_resolutions?: readonly string[];
  readonly supported_aspect_ratios?: readonly string[];
  readonly supported_sizes?: readonly string[];
  readonly supported_frame_images?: readonly string[];
  readonly generate_audio?: boolean;
  readonly seed?: boolean;
  /** `false`: the model does not upscale. `undefined`: the entry lacks the field altogether. */
  readonly upscale_factor?: false | { readonly min?: number; readonly max?: number };
  readonly creativity?: false | readonly number[];
  readonly allowed_passthrough_parameters?: readonly string[];
  /** Price keys to their texts, decimal numbers where they can be read; `undefined` where the gateway lists none. */
  readonly pricing_skus?: Readonly<Record<string, string>>;
  /** How long its jobs usually take. It changes by the hour, so a lockfile does not keep it. */
  readonly latency_ms?: number;
}

/** The models of one gateway at one time. */
export interface Catalogue {
  /** ISO 8601, UTC. */
  readonly fetched_at: string;
  /** `live`: from the gateway in this run; `cache`: from the disk; `snapshot`: from the lockfile. */
  readonly source: 'live' | 'cache' | 'snapshot';
  readonly models: readonly Model[];
}

/** One model as `dailies models` lists it: the catalogue's entry, and what a typical clip would cost. */
export interface ModelListing {
  readonly model: Model;
  /** The types of shots that the model is known to make; `reference` even if only the description says so. */
  readonly modes: readonly ShotType[];
  readonly typical: { readonly duration?: number; readonly resolution?: string };
  /** Of the typical clip; null if no price can be read. */
  readonly estimate: Estimate | null;
}
