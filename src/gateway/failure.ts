import { errnoOf } from '../disk-error.js';
import { ConnectFailure } from './connector.js';

/** Why an exchange failed, in words for a person. */
export function failureWords(error: Error): string {
  const cause = error instanceof ConnectFailure && error.cause instanceof Error ? error.cause : error;
  const code = codeOf(cause);
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ENODATA':
      return 'the host name could not be resolved';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
      return 'the network or the host cannot be reached';
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'no connection in time';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was reset';
    case 'UND_ERR_SOCKET':
      return 'the connection was closed early';
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return 'the answer was shorter or longer than announced';
    default:
      if (cause.name === 'HTTPParserError') return 'the answer is not HTTP';
      return isTls(code) ? `TLS: ${reasonOf(cause)}` : cause.message;
  }
}

/** Whether the connection ended before the answer began: on a kept connection that proves nothing about the server. */
export function isClosedConnection(error: Error): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(codeOf(error) ?? '');
}

function codeOf(error: Error): string | undefined {
  // Happy eyeballs tries several addresses and reports them together: the first one speaks for all.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return errnoOf(first);
}

function isTls(code: string | undefined): boolean {
  return (
    code !== undefined && /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)
  );
}

/** OpenSSL puts what a person understands into `reason`, and source lines of its own into the message. */
function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}
