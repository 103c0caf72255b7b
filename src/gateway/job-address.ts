import type { JobRef } from '../domain/attempt.js';
import { isSigned } from '../domain/unsigned-url.js';
import { jobDetails } from './job-details.js';
import type { JsonObject } from './json.js';
import type { ClipUrl } from './outcomes.js';
import { KEY_MARK, type Redact } from './redact.js';

/** Far longer than any known id; a longer text is not an id. */
const LONGEST_ID = 512;
/** The same for an address that is stored. */
const LONGEST_ADDRESS = 2048;

export type JobAddresses = ReturnType<typeof jobAddresses>;

/**
 * The addresses of a gateway's jobs, from its base URL (without a slash at the end). `redact` finds the key in an address: such an
 * address is not stored.
 */
export function jobAddresses(baseUrl: string, redact: Redact) {
  const base = new URL(`${baseUrl}/`);
  const standardPath = (job: JobRef): string => `${base.pathname}videos/${encodeURIComponent(job.id)}`;

  /** Whether a text contains no key, and contained none before the answer was redacted. */
  const isKeyFree = (text: string): boolean => redact(text) === text && !text.includes(KEY_MARK);

  /** The address that a gateway gives, only if it is on the gateway's origin: the key goes nowhere else. */
  function ownAddress(text: unknown): URL | undefined {
    if (typeof text !== 'string' || text === '' || !URL.canParse(text, base.href)) return undefined;
    const url = new URL(text, base);
    const isFitToKeep = url.href.length <= LONGEST_ADDRESS && !isSigned(url.href) && isKeyFree(url.href);
    return url.origin === base.origin && isFitToKeep ? url : undefined;
  }

  return {
    /** The job that an answer names; undefined if it has no readable id. */
    jobOf(answer: JsonObject): JobRef | undefined {
      const id = readableId(answer['id']);
      // A job without an id cannot be polled, and an id with the key in it cannot be stored, so it counts as none.
      if (id === undefined || !isKeyFree(id)) return undefined;
      const url = ownAddress(answer['polling_url']);
      const isStandard = !url || url.pathname + url.search === standardPath({ id });
      const { details } = jobDetails(answer, { redact });
      return { id, ...(isStandard ? {} : { polling_url: url.href }), ...details };
    },
    /** The base URL that a redirected submit should have gone to, if the redirect shows a different one. */
    baseBehind(location: string | undefined): string | undefined {
      if (location === undefined || !URL.canParse(location, `${base.href}videos`)) return undefined;
      const url = new URL(location, `${base.href}videos`);
      const [, path] = /^(.*)\/videos\/?$/.exec(url.pathname) ?? [];
      const isFitToShow = url.protocol === 'https:' && !isSigned(url.href) && isKeyFree(url.href);
      const found = url.origin + (path ?? '');
      return path === undefined || !isFitToShow || found === baseUrl ? undefined : found;
    },
    /** The paths to poll it, with their query: first the gateway's own address for it, if it has one. */
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
    /** A clip's address from an answer; undefined if it is none. */
    clipUrl(text: unknown): ClipUrl | undefined {
      if (typeof text !== 'string' || text === '' || !URL.canParse(text, base.href)) return undefined;
      const url = new URL(text, base);
      // An address without its key leads nowhere.
      if (text.includes(KEY_MARK)) return undefined;
      const isFetchable = url.protocol === 'https:' || url.protocol === base.protocol;
      return isFetchable ? { url: url.href, withKey: url.origin === base.origin } : undefined;
    },
  };
}

/** A string of printable characters, or a number that JSON has not rounded; not `.` and `..`, which lead up in every URL. */
function readableId(value: unknown): string | undefined {
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== 'string' || id.trim() === '' || id.length > LONGEST_ID) return undefined;
  return /^\.\.?$|\p{Cc}|\p{Cs}/u.test(id) ? undefined : id;
}
