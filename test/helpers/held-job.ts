/** The body of a submit as it came over the wire. */
export type SubmittedBody = Readonly<Record<string, unknown>>;

/** One output or several. */
export type Clip = Buffer | readonly Buffer[];

/** A job the test holds: it stays as it is until the test says otherwise. */
export interface HeldJob {
  readonly id: string;
  readonly body: SubmittedBody;
  /** The word the next polls will see. */
  readonly state: string;
  readonly polls: number;
  readonly downloads: number;
  /** Paid with a key of the user's own. */
  readonly isByok: boolean;
  /** Sets any status, `in_progress` or a word nobody knows. */
  status(word: string): void;
  /** One clip or several; `cost` null is sent as null, absent is left out. `answer` is merged into the poll's answer. */
  complete(clip: Buffer | readonly Buffer[], options?: CompleteOptions): void;
  fail(message: unknown, options?: { readonly cost?: number }): void;
  end(
    status: 'failed' | 'cancelled' | 'expired',
    message?: unknown,
    options?: { readonly cost?: number },
  ): void;
  /** Polls and downloads answer 404 until `restore`. */
  vanish(): void;
  restore(): void;
}

export interface CompleteOptions {
  readonly cost?: number | string | null;
  /** false: Range is ignored and no validator is sent. */
  readonly ranges?: boolean;
  /** Merged into the answer of a poll, for instance `{ unsigned_urls: […] }`. */
  readonly answer?: Readonly<Record<string, unknown>>;
}

/** What the server knows of a job. */
export class Job implements HeldJob {
  readonly id: string;
  readonly body: SubmittedBody;
  state = 'pending';
  polls = 0;
  downloads = 0;
  clips: readonly Buffer[] = [];
  error: unknown;
  cost: number | string | null | undefined;
  answer: Readonly<Record<string, unknown>> = {};
  ranges = true;
  gone = false;
  ended = false;
  isByok = false;
  readonly #onEnd: () => void;

  constructor(id: string, body: SubmittedBody, onEnd: () => void) {
    this.id = id;
    this.body = body;
    this.#onEnd = onEnd;
  }

  status(word: string): void {
    this.state = word;
  }

  complete(clip: Clip, options: CompleteOptions = {}): void {
    this.clips = Buffer.isBuffer(clip) ? [clip] : clip;
    this.cost = options.cost;
    this.ranges = options.ranges ?? true;
    this.answer = options.answer ?? {};
    this.#finish('completed');
  }

  fail(message: unknown, options: { readonly cost?: number } = {}): void {
    this.end('failed', message, options);
  }

  end(status: string, message?: unknown, options: { readonly cost?: number } = {}): void {
    this.error = message;
    this.cost = options.cost;
    this.#finish(status);
  }

  vanish(): void {
    this.gone = true;
  }

  restore(): void {
    this.gone = false;
  }

  #finish(state: string): void {
    this.state = state;
    if (!this.ended) this.#onEnd();
    this.ended = true;
  }
}
