import { setMaxListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import { defined } from '../domain/defined.js';
import { afterReading, timeLimit, type TimeLimit } from './time-limit.js';

/** The first part of an answer. Header names are lower-case. */
export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Where the body of an answer goes, piece by piece. A method that throws ends the exchange with that error. */
export interface BodySink {
  /** Takes a piece; false asks for no more until `resume` is called. */
  write(piece: Buffer, resume: () => void): boolean;
}

export interface WireRequest {
  /** The destination; the dispatcher handles the connections. */
  readonly dispatcher: Dispatcher;
  readonly url: WireUrl;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** From the call to the last byte of the answer. */
  readonly totalTimeoutMs?: number;
  /** The longest time without a byte while one was wanted. */
  readonly idleTimeoutMs?: number;
  readonly signal: AbortSignal;
  /** Called once, when the answer begins. */
  readonly onHead: (head: Head) => BodySink;
}

/** An address in the two parts that undici wants; the path is sent unchanged, with its query. */
export interface WireUrl {
  readonly origin: string;
  readonly path: string;
}

/** The outcome of an exchange. Nothing is thrown, because the caller must know what was sent. */
export type WireResult =
  /** The whole answer came. */
  | { readonly kind: 'complete'; readonly head: Head }
  /** Not one byte of the request was sent. */
  | { readonly kind: 'unsent'; readonly error: Error }
  /** The request, or some of it, may have arrived; the answer did not come, or only a part of it. */
  | { readonly kind: 'broken'; readonly error: Error; readonly head?: Head };

/** One of our limits was reached: too long, too large, too slow. */
export class LimitReached extends Error {
  override readonly name = 'LimitReached';
}

/**
 * Sends one request, once, and follows nothing. undici calls `onRequestStart` in the same tick in which it writes the first byte to
 * an open connection (lib/dispatcher/client-h1.js, writeH1). So what failed before that call was never sent, and what failed after
 * it may have been.
 */
export function sendOnce(request: WireRequest): Promise<WireResult> {
  const { dispatcher, url, signal, totalTimeoutMs, idleTimeoutMs } = request;
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined;
    let head: Head | undefined;
    let sink: BodySink | undefined;
    let settled = false;

    const settle = (result: WireResult): void => {
      if (settled) return;
      settled = true;
      total?.clear();
      idle?.clear();
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const fail = (error: Error): void => {
      if (controller) settle({ kind: 'broken', error, ...defined({ head }) });
      else settle({ kind: 'unsent', error });
    };
    const stop = (error: Error): void => {
      fail(error);
      controller?.abort(error);
    };
    const onAbort = (): void => {
      const stopNow = (): void => {
        if (!settled) stop(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
      };
      // The answer may have arrived already, unread.
      if (controller) afterReading(stopNow);
      else stopNow();
    };
    const total = limit(totalTimeoutMs, (ms) => {
      stop(new LimitReached(`no complete answer within ${ms / 1000} s`));
    });
    const idle = limit(idleTimeoutMs, (ms) => {
      if (controller?.paused) idle?.refresh();
      else stop(new LimitReached(`nothing came for ${ms / 1000} s`));
    });
    const resume = (): void => {
      idle?.refresh();
      controller?.resume();
    };

    if (signal.aborted) {
      onAbort();
      return;
    }
    // One signal stops a whole run: any number of requests may listen to it, and Node 20 warns at the eleventh.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', onAbort);
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.path,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        // Both limits are checked here, with exact timers.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart(started) {
          // Either it is no longer wanted, or undici sends it a second time, which must not happen.
          if (settled || controller) started.abort(new Error('sent once only'));
          else controller = started;
        },
        onResponseStart(_, status, headers) {
          // 1xx only says that an answer will come.
          if (settled || status < 200) return;
          idle?.refresh();
          head = { status, headers };
          try {
            sink = request.onHead(head);
          } catch (error) {
            stop(asError(error));
          }
        },
        onResponseData(started, piece) {
          if (settled || !sink) return;
          idle?.refresh();
          try {
            if (!sink.write(piece, resume)) started.pause();
          } catch (error) {
            stop(asError(error));
          }
        },
        onResponseEnd() {
          if (head) settle({ kind: 'complete', head });
        },
        onResponseError(_, error) {
          fail(error);
        },
      },
    );
  });
}

function limit(ms: number | undefined, onTime: (ms: number) => void): TimeLimit | undefined {
  return ms === undefined ? undefined : timeLimit(ms, () => onTime(ms));
}

/** Anything thrown, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
