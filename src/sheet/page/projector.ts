import type { SheetClip } from './data.js';
import type { Dom } from './dom.js';

export type Projector = ReturnType<typeof makeProjector>;

/** Shows one clip, or several in step, as large as the screen allows. */
export function makeProjector({ html }: Dom, ended: () => void) {
  /** What a clip is taken for that does not tell its frame rate. */
  const USUAL_FPS = 24;
  const screen = html('div', { class: 'screen' });
  let videos: HTMLVideoElement[] = [];
  let rates: number[] = [];
  /** The longest clip, which the others keep step with. */
  let lead = 0;
  let shape = 1;
  let playing = false;

  /** Puts clips on the screen, each in a figure that is returned for its caption. Several begin anew together. */
  function load(clips: readonly SheetClip[]): HTMLElement[] {
    dismiss();
    shape = Math.max(...clips.map((clip) => clip.width / clip.height));
    rates = clips.map(({ fps }) => fps ?? USUAL_FPS);
    lead = Math.max(
      0,
      clips.findIndex(({ seconds }) => seconds === Math.max(...clips.map((clip) => clip.seconds))),
    );
    const figures = clips.map((clip) => {
      const tracks = clip.captions.map(([language, src], index) =>
        html('track', { kind: 'captions', srclang: language, label: language, src, default: index === 0 }),
      );
      const video = html(
        'video',
        { preload: 'auto', playsinline: true, tabindex: -1, src: clip.src },
        ...tracks,
      );
      const broken = html(
        'p',
        { class: 'broken' },
        'This browser cannot play the clip, or the clip is gone.',
      );
      const figure = html('figure', {}, video, broken);
      video.addEventListener('ended', over);
      video.addEventListener('error', () => figure.classList.add('is-broken'));
      videos.push(video);
      return figure;
    });
    screen.replaceChildren(...figures);
    return figures;
  }

  /** One clip makes room for the next; several wait for the longest, and begin again. */
  function over(): void {
    if (videos.length === 1) ended();
    else if (videos.every((video) => video.ended || video.error !== null)) {
      for (const video of videos) video.currentTime = 0;
      setPlaying(playing);
    }
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

  /** Plays, or pauses on one frame of all clips. */
  function setPlaying(next: boolean): void {
    const wasPlaying = playing;
    playing = next;
    for (const video of videos) {
      // A refusal means that the clip is broken, which its error event reports, or that it was paused at once.
      if (next) video.play().catch(() => undefined);
      else video.pause();
    }
    if (!next && wasPlaying) showFrame(frame());
  }

  /** Goes to a share of the longest clip, 0 to 1. */
  function seek(share: number): void {
    const seconds = share * (videos[lead]?.duration ?? 0);
    if (seconds >= 0) go(seconds);
  }

  /** Goes to a moment, in seconds: while paused, to the frame that is shown then. */
  function go(seconds: number): void {
    if (!playing) showFrame(frameAt(seconds));
    else
      for (const video of videos)
        if (video.duration > 0) video.currentTime = Math.min(seconds, video.duration);
  }

  /** Moves forward or back by frames, while paused. */
  function nudge(frames: number): void {
    setPlaying(false);
    showFrame(Math.max(0, frame() + frames));
  }

  /**
   * Shows one frame of the longest clip, and of each other clip the frame of the same moment: with the same rate, the same frame.
   * Players round a time between two frames in their own ways, so the middle of the frame is asked for.
   */
  function showFrame(number: number): void {
    const moment = (number + 0.5) / rateOf(lead);
    videos.forEach((video, index) => {
      if (!(video.duration > 0)) return;
      const rate = rateOf(index);
      const last = Math.max(0, Math.round(video.duration * rate) - 1);
      const own = index === lead ? number : Math.floor(moment * rate);
      video.playbackRate = 1;
      video.currentTime = (Math.min(own, last) + 0.5) / rate;
    });
  }

  function rateOf(index: number): number {
    return rates[index] ?? USUAL_FPS;
  }

  function frameAt(seconds: number): number {
    // A time on the edge of two frames, as of a note, is of the later one.
    return Math.floor(seconds * rateOf(lead) + 0.001);
  }

  /** The frame of the longest clip that is shown, from 0. */
  function frame(): number {
    return frameAt(videos[lead]?.currentTime ?? 0);
  }

  /** Brings clips that play back into step: a little faster or slower, or by a jump if they are far apart. */
  function keepStep(): void {
    const leader = videos[lead];
    if (!playing || leader === undefined || leader.ended) return;
    for (const video of videos) {
      if (video === leader || video.ended || video.seeking || !(video.duration > 0)) continue;
      const behind = leader.currentTime - video.currentTime;
      if (Math.abs(behind) > 0.3) video.currentTime = Math.min(leader.currentTime, video.duration);
      video.playbackRate = Math.abs(behind) < 0.02 ? 1 : 1 + Math.max(-0.1, Math.min(0.1, behind));
    }
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

  /** The position of the longest clip, in seconds and frames; undefined until it is known. */
  function position(): { readonly at: number; readonly of: number; readonly frame: number } | undefined {
    const video = videos[lead];
    return video !== undefined && video.duration > 0
      ? { at: video.currentTime, of: video.duration, frame: frame() }
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
    go,
    nudge,
    keepStep,
    fit,
    position,
  };
}
