/*
 * Loaded before a measured program (`node --import`): says at its end what it has used, in the file that
 * BENCH_USAGE names.
 */
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** What a process has used from its start to its end. */
export interface Usage {
  /** User and system time of all its threads, milliseconds. */
  readonly cpu_ms: number;
  /** The part of it that was spent in the system. */
  readonly system_ms: number;
  /** Milliseconds from the start of the process. */
  readonly wall_ms: number;
  /** The most memory it held, bytes. */
  readonly peak_bytes: number;
  /** All bytes it wrote, to files, sockets and pipes alike (wchar of /proc/self/io; 0 where there is none). */
  readonly written_bytes: number;
  /** Those of them that went into sockets. */
  readonly socket_bytes: number;
}

const sockets = new Set<Socket>();
let closedBytes = 0;
subscribe('net.client.socket', (message) => {
  const { socket } = message as { readonly socket: Socket };
  sockets.add(socket);
  socket.once('close', () => {
    sockets.delete(socket);
    closedBytes += socket.bytesWritten;
  });
});

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  let socketBytes = closedBytes;
  for (const socket of sockets) socketBytes += socket.bytesWritten;
  const usage: Usage = {
    cpu_ms: (userCPUTime + systemCPUTime) / 1000,
    system_ms: systemCPUTime / 1000,
    wall_ms: process.uptime() * 1000,
    peak_bytes: maxRSS * 1024,
    written_bytes: bytesWritten(),
    socket_bytes: socketBytes,
  };
  writeFileSync(process.env['BENCH_USAGE'] ?? '/dev/null', JSON.stringify(usage));
});

function bytesWritten(): number {
  try {
    return Number(/^wchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
