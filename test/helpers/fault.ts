import type { ServerResponse } from 'node:http';

/** What goes wrong with one request. */
export type Fault =
  /** A status with the contract's error body; 503 and 429 too. */
  | number
  /** A status with this body (JSON unless it is a string) and these headers. */
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** The request is read, then the connection is reset; nothing was accepted. */
  | 'reset'
  /** The connection is reset before the body of the request is read. */
  | 'reset-unread'
  /** The request is read and never answered. */
  | 'hang'
  /** 502 with an HTML page. */
  | 'html'
  /** 200 with a JSON answer that is cut in the middle; a submit is accepted (the job exists). */
  | 'half-json'
  /** 200 with a JSON object that lacks all that matters. */
  | 'no-id'
  /** 200, then a byte now and again, without end. */
  | 'drip'
  /** 200 with JSON that has no end: written as fast as it is read. */
  | 'huge'
  /** A submit is accepted (the job exists), then the connection is reset without an answer. */
  | 'drop-after-accept'
  /** A submit is accepted, and answered with 303 and the address of its job. */
  | 'see-other'
  /** A submit is not accepted, and answered with the id of a job that was asked for before, where there is one. */
  | 'duplicate-id'
  /** A submit is accepted; its job is paid with a provider's key of the user's own, and costs nothing here. */
  | 'byok'
  /** Content only: half of the clip, as if it were the whole. */
  | 'short'
  /** Content only: half of the clip, then a reset. */
  | 'cut'
  /** Content only: half of the clip, then silence. */
  | 'stall';

/** 200, then a blank now and again, without end. */
export function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 10);
  response.on('close', () => {
    clearInterval(timer);
  });
}

/** 200, then blanks as fast as they are read, without end. */
export function flood(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = Buffer.alloc(256 * 1024, ' ');
  const pour = (): void => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', pour);
  };
  pour();
}
