/** What a prompt may ask of the sandbox, so that a failure can be tried for free, such as `[sandbox: fail]`. */
export type Marker = (typeof MARKERS)[number];

const MARKERS = [
  'fail',
  'fail once', // the job fails the first time the same request is submitted, and completes after that
  'cancel', // the job ends as cancelled
  'expire', // the job ends as expired
  'slow', // the job takes ten times as long
  'two clips',
  'lost clip', // the job completes, but its clip is not there to fetch (404)
  'lost answer', // the job is accepted, but the connection breaks before the answer
  'refuse', // 403: the prompt is flagged by moderation
  'no credits', // 402
  'repeated event', // the event about the job's end comes twice
  'late event', // it comes as late again as the job took
  'lossy events', // one in ten of such events never comes
  'busy', // 429 with Retry-After, the first time the same request is submitted
] as const;

/** The markers in a prompt; unknown words are part of the prompt. */
export function markersIn(prompt: string | undefined): ReadonlySet<Marker> {
  const words = [...(prompt ?? '').matchAll(/\[sandbox:([^\]]*)\]/gi)].flatMap(([, list = '']) =>
    list.split(',').map((word) =>
      word
        .trim()
        .toLowerCase()
        .replaceAll(/[\s_-]+/g, ' '),
    ),
  );
  return new Set(MARKERS.filter((marker) => words.includes(marker)));
}
