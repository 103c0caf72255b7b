import type { JobRef } from '../domain/attempt.js';
import { isSigned } from '../domain/unsigned-url.js';
import type { ClipUrl } from './outcomes.js';
import type { Redact } from './words.js';

/** Longer than any id that was ever seen by far; more is not an id. */
const LONGEST_ID = 512;

export type JobAddresses = ReturnType<typeof jobAddresses>;

/**
 * Where a gateway's jobs are, by its base URL (without a slash at the end). `redact` tells addresses that have the key
 * in them: such a one is not kept.
 */
export function jobAddresses(baseUrl: string, redact: Redact) {
  const base = new URL(`${baseUrl}/`);
  const standardPath = (job: JobRef): string => `${base.pathname}videos/${encodeURIComponent(job.id)}`;

  /** The address a gateway gives, only where it is its own: the key goes nowhere else. */
  function ownAddress(text: unknown): URL | undefined {
    if (typeof text !== 'string' || text === '' || !URL.canParse(text, base.href)) return undefined;
    const url = new URL(text, base);
    const isFitToKeep = !isSigned(url.href) && redact(url.href) === url.href;
    return url.origin === base.origin && isFitToKeep ? url : undefined;
  }

  return {
    /** The job that an answer names, or undefined where it has no id that can be read. */
    jobOf(answer: { readonly id?: unknown; readonly polling_url?: unknown }): JobRef | undefined {
      const id = readableId(answer.id);
      if (id === undefined) return undefined;
      const url = ownAddress(answer.polling_url);
      const isStandard = !url || url.pathname + url.search === standardPath({ id });
      return isStandard ? { id } : { id, polling_url: url.href };
    },
    /** Where to look at it, as paths with their query: the address it was given, where it has one of its own. */
    pollPaths(job: JobRef): { readonly own?: string; readonly standard: string } {
      const url = ownAddress(job.polling_url);
      const standard = standardPath(job);
      const own = url && url.pathname + url.search;
      return own === undefined || own === standard ? { standard } : { own, standard };
    },
    /** The content endpoint: it serves the n-th output as long as the gateway keeps it. */
    contentUrl: (job: JobRef, index: number): ClipUrl => ({
      url: `${base.origin}${standardPath(job)}/content?index=${index}`,
      withKey: true,
    }),
    /** A clip's address as an answer names it, or undefined where it is none. */
    clipUrl(text: unknown): ClipUrl | undefined {
      if (typeof text !== 'string' || text === '' || !URL.canParse(text, base.href)) return undefined;
      const url = new URL(text, base);
      const isFetchable = url.protocol === 'https:' || url.protocol === base.protocol;
      return isFetchable ? { url: url.href, withKey: url.origin === base.origin } : undefined;
    },
  };
}

/**
 * A string of printable characters, or a number that JSON has not rounded; `.` and `..` would be a way up in every URL.
 */
function readableId(value: unknown): string | undefined {
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== 'string' || id.trim() === '' || id.length > LONGEST_ID) return undefined;
  return /^\.\.?$|\p{Cc}|\p{Cs}/u.test(id) ? undefined : id;
}
