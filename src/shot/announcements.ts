/** How reliably a gateway announces the ends of jobs, learned from the jobs that have ended. It keeps no clock. */
export interface Announcements {
  /** How likely it is that nobody announces the end of a job, from 0 to 1. */
  silence(): number;
  /** An end was announced. */
  heard(): void;
  /** A poll found a job ended that nobody had announced. */
  missed(): void;
  /** The announcement of such a job came after all. */
  cameLate(): void;
}

/** Begins in the hope of announcements. The first end that comes without one ends the hope, until there is one. */
export function createAnnouncements(): Announcements {
  let heard = 0;
  let missed = 0;
  const fade = () => {
    heard *= FADING;
    missed *= FADING;
  };
  return {
    silence() {
      if (heard === 0) return missed === 0 ? AT_FIRST : 1;
      return (missed + ASSUMED_MISSED) / (heard + missed + ASSUMED_MISSED);
    },
    heard() {
      fade();
      heard += 1;
    },
    missed() {
      fade();
      missed += 1;
    },
    cameLate() {
      missed = Math.max(0, missed - 1);
      heard += 1;
    },
  };
}

/** Whoever has asked a gateway for announcements expects them. */
const AT_FIRST = 0.05;

/** How much each end counts relative to the one after it: a gateway that falls silent is soon polled as before. */
const FADING = 0.98;

/** Some doubt always remains: the next announcement may be the first that is lost. */
const ASSUMED_MISSED = 0.12;
