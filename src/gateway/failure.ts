import { errnoOf } from '../disk-error.js';
import { ConnectFailure } from './connector.js';

/** The codes of the system and of undici, in words for people. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'the host name could not be resolved',
  EAI_AGAIN: 'the host name could not be resolved',
  ENODATA: 'the host name could not be resolved',
  ENETUNREACH: 'the network or the host cannot be reached',
  EHOSTUNREACH: 'the network or the host cannot be reached',
  ENETDOWN: 'the network or the host cannot be reached',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed early',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer was shorter or longer than announced',
};

/** Why an exchange failed, in words for people. */
export function failureWords(error: Error): string {
  const cause = error instanceof ConnectFailure && error.cause instanceof Error ? error.cause : error;
  const code = codeOf(cause) ?? '';
  const words = WORDS[code];
  if (words !== undefined) return words;
  if (cause.name === 'HTTPParserError') return 'the answer is not HTTP';
  return TLS_CODE.test(code) ? `TLS: ${reasonOf(cause)}` : cause.message;
}

const TLS_CODE = /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

/** Whether the connection ended before the answer began: on a kept connection that proves nothing about the server. */
export function isClosedConnection(error: Error): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(codeOf(error) ?? '');
}

function codeOf(error: Error): string | undefined {
  // Happy eyeballs tries several addresses and reports their errors together: use the first one.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return errnoOf(first);
}

/** OpenSSL puts the readable reason into `reason`, and source lines of its own into the message. */
function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}
