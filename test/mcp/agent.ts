import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { onTestFinished } from 'vitest';
import { builtCli } from '../helpers/built-cli.js';

/** What a tool has answered. */
export interface Answered {
  readonly isError: boolean;
  /** The data; of an error, its code, message and hint. */
  readonly data: Readonly<Record<string, unknown>>;
  /** All of it, as it went over the wire. */
  readonly wire: string;
  readonly pictures: readonly Buffer[];
}

/** An agent with its own server, as a host starts one. */
export interface Agent {
  readonly client: Client;
  readonly pid: number;
  call(
    tool: string,
    args?: Readonly<Record<string, unknown>>,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (message: string) => void },
  ): Promise<Answered>;
  close(): Promise<void>;
}

/** An empty folder for films. */
export function newRoot(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'dailies-agent-'));
}

/** Starts `dailies mcp` for a root, and connects the official client to it. */
export async function startAgent(
  root: string,
  options: { readonly words?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Agent> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [await builtCli(), 'mcp', '--root', root, ...(options.words ?? [])],
    env: { PATH: process.env['PATH'] ?? '', HOME: root, DAILIES_SANDBOX_SPEED: '200', ...options.env },
    stderr: 'inherit',
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  const close = () => client.close();
  onTestFinished(close);
  return {
    ...{ client, pid: transport.pid ?? 0, close },
    async call(name, args = {}, { signal, onProgress } = {}) {
      const result = await client.callTool(
        { name, arguments: args },
        {
          timeout: 60_000,
          ...(signal && { signal }),
          ...(onProgress && { onprogress: ({ message }) => onProgress(message ?? '') }),
        },
      );
      const [first] = result.content;
      const text = first?.type === 'text' ? (JSON.parse(first.text) as Record<string, unknown>) : {};
      return {
        isError: result.isError === true,
        data: (result.structuredContent as Record<string, unknown> | undefined) ?? text,
        wire: JSON.stringify(result),
        pictures: result.content.flatMap((part) =>
          part.type === 'image' ? [Buffer.from(part.data, 'base64')] : [],
        ),
      };
    },
  };
}
