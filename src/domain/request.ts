import type { ShotSettings } from './fields.js';
import type { FrameType } from './take.js';

/** The body of `POST /videos`, as in the contract in test/contract (VideoGenerationRequest). */
export interface VideoRequest extends ShotSettings {
  readonly previous_job_id?: string;
  readonly frame_images?: readonly {
    readonly type: 'image_url';
    readonly image_url: { readonly url: string };
    readonly frame_type: FrameType;
  }[];
  readonly input_references?: readonly (
    | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }
    | { readonly type: 'video_url'; readonly video_url: { readonly url: string } }
    | { readonly type: 'audio_url'; readonly audio_url: { readonly url: string } }
  )[];
}
