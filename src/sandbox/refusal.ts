/** A request that is answered with an error of the contract. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    message: string,
    more: { readonly metadata?: Readonly<Record<string, unknown>>; readonly retryAfterSeconds?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.metadata = more.metadata;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}
