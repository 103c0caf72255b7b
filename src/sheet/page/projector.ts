import type { SheetClip } from './data.js';
import type { Dom } from './dom.js';

export type Projector = ReturnType<typeof makeProjector>;

/** Shows one clip, or several in step, as large as the screen allows. */
export function makeProjector({ html }: Dom, ended: () => void) {
  const screen = html('div', { class: 'screen' });
  let videos: HTMLVideoElement[] = [];
  let shape = 1;
  let playing = false;

  /** Puts clips on the screen, each in a figure that is returned for its caption. Several run in a loop. */
  function load(clips: readonly SheetClip[]): HTMLElement[] {
    dismiss();
    shape = Math.max(...clips.map((clip) => clip.width / clip.height));
    const figures = clips.map((clip) => {
      const video = html('video', { preload: 'auto', playsinline: true, tabindex: -1, src: clip.src });
      const broken = html(
        'p',
        { class: 'broken' },
        'This browser cannot play the clip, or the clip is gone.',
      );
      const figure = html('figure', {}, video, broken);
      video.loop = clips.length > 1;
      video.addEventListener('ended', ended);
      video.addEventListener('error', () => figure.classList.add('is-broken'));
      videos.push(video);
      return figure;
    });
    screen.replaceChildren(...figures);
    fit();
    return figures;
  }

  /** Releases the files and decoders at once. */
  function dismiss(): void {
    for (const video of videos) {
      video.pause();
      video.removeAttribute('src');
      video.load();
    }
    videos = [];
    screen.replaceChildren();
  }

  /** Only the clip at this index is heard; none if it is undefined. */
  function listenTo(place: number | undefined): void {
    videos.forEach((video, index) => (video.muted = index !== place));
  }

  function setPlaying(next: boolean): void {
    playing = next;
    for (const video of videos) {
      // A refusal means that the clip is broken, which its error event reports, or that it was paused at once.
      if (next) video.play().catch(() => undefined);
      else video.pause();
    }
  }

  /** Goes to a share of the clips, 0 to 1. */
  function seek(share: number): void {
    for (const video of videos) if (video.duration > 0) video.currentTime = share * video.duration;
  }

  /** Moves forward or back by seconds, while paused. */
  function nudge(seconds: number): void {
    setPlaying(false);
    for (const video of videos) video.currentTime = Math.max(0, video.currentTime + seconds);
  }

  /** Chooses the number of columns that shows the clips largest. */
  function fit(): void {
    const { width, height } = screen.getBoundingClientRect();
    let best = { columns: 1, size: 0 };
    for (let columns = 1; columns <= videos.length; columns += 1) {
      const rows = Math.ceil(videos.length / columns);
      // A hole at the end looks worse than somewhat smaller clips.
      const fullness = videos.length / (columns * rows) < 1 ? 0.7 : 1;
      const size = fullness * Math.min(width / columns / shape, height / rows);
      if (size > best.size) best = { columns, size };
    }
    screen.style.setProperty('--columns', String(best.columns));
  }

  /** The position of the first clip, in seconds; undefined until it is known. */
  function position(): { readonly at: number; readonly of: number } | undefined {
    const [video] = videos;
    return video !== undefined && video.duration > 0
      ? { at: video.currentTime, of: video.duration }
      : undefined;
  }

  return {
    screen,
    load,
    dismiss,
    listenTo,
    setPlaying,
    isPlaying: () => playing,
    seek,
    nudge,
    fit,
    position,
  };
}
