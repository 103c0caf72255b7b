import type { ServerResponse } from 'node:http';

/** One event as a page's EventSource receives it. */
export interface PageEvent {
  readonly event: string;
  /** What the page sends back when it connects again; absent: that stays as it was. */
  readonly id?: string;
  readonly data: unknown;
}

/** The open connection of one page. */
export interface EventStream {
  send(event: PageEvent): void;
}

/** A proxy, or a page that waits, must hear something now and then. */
const QUIET_MS = 15_000;
/** A page that sleeps does not read: it is let go, and catches up when it connects again. */
const MOST_UNREAD_BYTES = 4_000_000;

/** Makes server-sent events of a response. `onOpen` is given the stream, and gives what to do when the page has gone. */
export function openEventStream(response: ServerResponse, onOpen: (stream: EventStream) => () => void): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const write = (text: string) => {
    if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
    else response.write(text);
  };
  write('retry: 1000\n\n');
  const quiet = setInterval(() => write(':\n\n'), QUIET_MS).unref();
  const leave = onOpen({
    send({ event, id, data }) {
      const mark = id === undefined ? '' : `id: ${id}\n`;
      // JSON has no line ends of its own.
      write(`event: ${event}\n${mark}data: ${JSON.stringify(data)}\n\n`);
    },
  });
  response.once('close', () => {
    clearInterval(quiet);
    leave();
  });
}
