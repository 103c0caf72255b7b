import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { H2CClient, Pool, type Dispatcher } from 'undici';
import { merely, type Section } from './finding.js';
import { median } from './side-by-side.js';

const ROUNDS = 3;
/** As many connections as the gateway has for polls, and the one that HTTP/2 needs. */
const OPEN = {
  h1: (origin: string, _atOnce: number): Dispatcher => new Pool(origin, { connections: 32 }),
  h2: (origin: string, atOnce: number): Dispatcher => new H2CClient(origin, { pipelining: atOnce }),
};
type Protocol = keyof typeof OPEN;

const KINDS = [
  { what: 'polls', path: '/poll', count: 10_000, atOnce: 64 },
  { what: 'clips of 50 kB', path: '/clip', count: 2_000, atOnce: 16 },
] as const;

/** Whether HTTP/2 would be worth having: the same requests over one connection of it, and over many of HTTP/1.1. */
export async function http2(): Promise<Section> {
  const server = fork(fileURLToPath(new URL('./http2-server.js', import.meta.url)));
  const [origins] = (await once(server, 'message')) as [Readonly<Record<Protocol, string>>];
  const findings: Section['findings'][number][] = [];
  for (const kind of KINDS) {
    const ratios = { cpu: [] as number[], wall: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const one = await requests('h1', origins.h1, kind);
      const two = await requests('h2', origins.h2, kind);
      ratios.cpu.push(two.cpuUs / one.cpuUs);
      ratios.wall.push(two.wallMs / one.wallMs);
    }
    findings.push(merely(`${kind.what}: CPU over HTTP/2, through that over HTTP/1.1`, median(ratios.cpu)));
    findings.push(merely(`${kind.what}: wall time, likewise`, median(ratios.wall)));
  }
  server.disconnect();
  return { title: 'HTTP/2, which is not used', findings };
}

async function requests(protocol: Protocol, origin: string, kind: (typeof KINDS)[number]) {
  const dispatcher = OPEN[protocol](origin, kind.atOnce);
  const send = async (count: number) => {
    let left = count;
    const work = async () => {
      while (left-- > 0)
        await (await dispatcher.request({ origin, path: kind.path, method: 'GET' })).body.dump();
    };
    await Promise.all(Array.from({ length: kind.atOnce }, work));
  };
  try {
    // Connections are opened, and code is compiled, before it counts.
    await send(kind.count / 10);
    const [cpu, start] = [process.cpuUsage(), performance.now()];
    await send(kind.count);
    const { user, system } = process.cpuUsage(cpu);
    return { cpuUs: user + system, wallMs: performance.now() - start };
  } finally {
    await dispatcher.destroy();
  }
}
