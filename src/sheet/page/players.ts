export type Players = ReturnType<typeof makePlayers>;

/** What a card provides to get a player. */
export interface Screen {
  /** The element whose visibility is watched. */
  readonly card: HTMLElement;
  /** What the player is put into. */
  readonly stage: HTMLElement;
  readonly src: string;
}

/**
 * Makes players as their cards come near the window and releases them when they are far, so that a thousand
 * takes cost no more than the few that can be seen. One clip plays at a time.
 */
export function makePlayers() {
  const screens = new Map<Element, Screen>();
  const live = new Map<Element, HTMLVideoElement>();
  const near = new Set<Element>();
  /** The position of a skimmed clip before skimming, in seconds. */
  const resting = new WeakMap<HTMLVideoElement, number>();
  let playing: Element | undefined;
  let muted = false;
  let pending = 0;

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) near.add(target);
        else near.delete(target);
      }
      // Cards that only fly by in a fast scroll are gone before their player would be made.
      if (pending === 0) pending = window.setTimeout(settle, 80);
    },
    { rootMargin: '60% 0px' },
  );

  function settle(): void {
    pending = 0;
    for (const card of live.keys()) if (!near.has(card)) release(card);
    for (const card of near) player(card);
  }

  /** Gives a card its screen, or another clip on it. */
  function show(screen: Screen): void {
    const known = screens.has(screen.card);
    screens.set(screen.card, screen);
    release(screen.card);
    if (!known) observer.observe(screen.card);
    else if (near.has(screen.card)) player(screen.card);
  }

  /** Takes the screen away from a card. */
  function dismiss(card: Element): void {
    release(card);
    if (screens.delete(card)) observer.unobserve(card);
  }

  function player(card: Element): HTMLVideoElement | undefined {
    const screen = screens.get(card);
    if (screen === undefined) return undefined;
    const known = live.get(card);
    if (known !== undefined) return known;
    const video = document.createElement('video');
    video.preload = 'metadata';
    video.playsInline = true;
    video.tabIndex = -1;
    // Some browsers paint no frame until they seek to one.
    video.src = `${screen.src}#t=0.001`;
    const { dataset, style } = screen.stage;
    video.addEventListener('error', () => {
      if (live.get(card) === video) dataset.broken = '';
    });
    video.addEventListener('play', () => {
      if (playing !== undefined && playing !== card) live.get(playing)?.pause();
      playing = card;
      resting.delete(video);
      dataset.playing = '';
      requestAnimationFrame(advance);
    });
    video.addEventListener('pause', () => {
      delete dataset.playing;
      if (playing === card) playing = undefined;
    });
    function advance(): void {
      style.setProperty('--played', String(video.currentTime / (video.duration || 1)));
      if (!video.paused) requestAnimationFrame(advance);
    }
    live.set(card, video);
    screen.stage.prepend(video);
    return video;
  }

  function release(card: Element): void {
    const video = live.get(card);
    if (video === undefined) return;
    live.delete(card);
    video.pause();
    // Without a source the browser releases the decoder and the file at once, not at some later collection.
    video.removeAttribute('src');
    video.load();
    video.remove();
    const stage = screens.get(card)?.stage;
    stage?.style.removeProperty('--played');
    delete stage?.dataset.broken;
  }

  function toggle(card: Element): void {
    const video = player(card);
    if (video === undefined) return;
    if (!video.paused) {
      video.pause();
      return;
    }
    video.muted = muted;
    // A refusal means that the clip is broken, which its error event reports, or that it was paused at once.
    video.play().catch(() => undefined);
  }

  /** Shows the frame at a share of the clip, 0 to 1, of a clip that does not play. */
  function skim(card: Element, share: number): void {
    const video = live.get(card);
    if (!video?.paused || video.seeking || !(video.duration > 0)) return;
    resting.set(video, resting.get(video) ?? video.currentTime);
    seek(card, video, share * video.duration);
  }

  /** Goes back to the frame that was shown before `skim`, unless the clip was played from there. */
  function rest(card: Element): void {
    const video = live.get(card);
    const seconds = video && resting.get(video);
    if (video !== undefined && seconds !== undefined) seek(card, video, seconds);
    if (video !== undefined) resting.delete(video);
  }

  function seek(card: Element, video: HTMLVideoElement, seconds: number): void {
    video.currentTime = seconds;
    screens.get(card)?.stage.style.setProperty('--played', String(seconds / video.duration));
  }

  function pauseAll(): void {
    if (playing !== undefined) live.get(playing)?.pause();
  }

  function setMuted(next: boolean): void {
    muted = next;
    for (const video of live.values()) video.muted = next;
  }

  return {
    show,
    dismiss,
    toggle,
    skim,
    rest,
    setMuted,
    isMuted: () => muted,
    pauseAll,
  };
}
