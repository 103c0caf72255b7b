import { errnoOf } from '../../disk-error.js';
import { isRecord } from '../../domain/is-record.js';
import { DailiesError, messageOf } from '../../errors.js';
import { shownAddress, type BucketAddress } from './address.js';

/** What a refusal of an object store means, and what the user can do about it. */
interface Refusal {
  readonly why: string;
  readonly hint: string;
  /** Whether the same request may succeed later. */
  readonly mayPass?: true;
}

const DENIED: Refusal = {
  why: 'access was denied',
  hint: 'the key may not do this here: it needs to list the bucket, and to read, write and delete objects below the prefix',
};
const KEY_REFUSED: Refusal = {
  why: 'the server does not take the credentials',
  hint: 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile (AWS_PROFILE), and that they belong to this server',
};
const EXPIRED: Refusal = { why: 'the credentials have expired', hint: 'sign in again, then run again' };
const CLOCK: Refusal = {
  why: 'the server says that the clock of this machine is wrong',
  hint: 'set the clock, best by NTP, then run again',
};
const REGION: Refusal = {
  why: 'the bucket is in another region',
  hint: "say which: '…?region=eu-central-1'",
};
const BUSY: Refusal = {
  why: 'the server has a fault or is overloaded',
  hint: 'run again later: nothing was lost',
  mayPass: true,
};
const UNREACHABLE: Refusal = {
  why: 'the server cannot be reached',
  hint: 'check the endpoint and the network, then run again: nothing was lost',
  mayPass: true,
};

/** By the names that servers and the SDK use. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  NoSuchBucket: { why: 'there is no such bucket', hint: 'create it, or correct the name in the address' },
  AccessDenied: DENIED,
  AllAccessDisabled: DENIED,
  InvalidAccessKeyId: KEY_REFUSED,
  SignatureDoesNotMatch: KEY_REFUSED,
  InvalidToken: KEY_REFUSED,
  ExpiredToken: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  RequestTimeTooSkewed: CLOCK,
  RequestExpired: CLOCK,
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  CredentialsProviderError: {
    why: 'there are no credentials',
    hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
  },
  SlowDown: BUSY,
  RequestTimeout: BUSY,
  InternalError: BUSY,
  ServiceUnavailable: BUSY,
  TimeoutError: UNREACHABLE,
};

const NETWORK =
  /^(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ETIMEDOUT|EPIPE|ERR_STREAM_PREMATURE_CLOSE)$/;

/** The error for a bucket's refusal: code `bucket`, exit 3. An error of ours stays as it is. */
export function bucketError(address: BucketAddress, doing: string, cause: unknown): DailiesError {
  if (cause instanceof DailiesError) return cause;
  const refusal = refusalOf(cause);
  const { why, hint } = refusal ?? {
    why: firstLine(messageOf(cause)),
    hint: 'dailies doctor checks the bucket',
  };
  return new DailiesError('bucket', `${doing} in ${shownAddress(address)} failed: ${why}`, { hint, cause });
}

/** Whether the same request may succeed later: the fault is in the server, or in the network. */
export function mayPass(cause: unknown): boolean {
  return refusalOf(cause)?.mayPass === true;
}

/** Whether a server says that there is no such object. */
export function isAbsent(cause: unknown): boolean {
  return cause instanceof Error && ['NoSuchKey', 'NotFound'].includes(cause.name);
}

function refusalOf(cause: unknown): Refusal | undefined {
  if (!(cause instanceof Error)) return undefined;
  if (/region is missing/i.test(cause.message))
    return { why: 'no region is set', hint: "say which: '…?region=eu-central-1', or set AWS_REGION" };
  const known = REFUSALS[cause.name];
  if (known) return known;
  if (NETWORK.test(errnoOf(cause) ?? '') || /socket hang up/.test(cause.message)) return UNREACHABLE;
  const status = statusOf(cause);
  if (status === undefined) return undefined;
  // 501 says that the server will never support this request.
  if (status === 429 || (status >= 500 && status !== 501)) return BUSY;
  return status === 301 ? REGION : status === 401 || status === 403 ? DENIED : undefined;
}

function statusOf(error: Error): number | undefined {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  const status = isRecord(metadata) ? metadata['httpStatusCode'] : undefined;
  return typeof status === 'number' ? status : undefined;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.slice(0, 200) ?? '';
}
