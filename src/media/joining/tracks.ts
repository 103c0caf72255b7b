import type { InputAudioTrack, InputVideoTrack } from 'mediabunny';
import { NO_PICTURES } from '../facts.js';

export interface ClipTracks {
  readonly video: InputVideoTrack;
  readonly audio: InputAudioTrack | null;
}

/** Opens a clip's tracks with mediabunny for the time of `use`. Throws an Error where it has no video track. */
export async function withTracks<T>(path: string, use: (tracks: ClipTracks) => Promise<T>): Promise<T> {
  const { FilePathSource, Input, MATROSKA, MP4, QTFF, WEBM } = await import('mediabunny');
  const input = new Input({ source: new FilePathSource(path), formats: [MP4, QTFF, WEBM, MATROSKA] });
  try {
    const video = await input.getPrimaryVideoTrack();
    if (video === null) throw new Error(NO_PICTURES);
    return await use({ video, audio: await input.getPrimaryAudioTrack() });
  } finally {
    input.dispose();
  }
}
