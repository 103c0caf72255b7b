import { finished } from 'node:stream';
import type { CallToolResult, fromJsonSchema, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { diskError, errnoOf } from '../disk-error.js';
import { safeJson } from '../domain/foreign-text.js';
import { DailiesError, ManifestError, messageOf, packageError } from '../errors.js';
import { VERSION } from '../version.js';
import { shownDiagnostics } from './answers.js';
import { openDesk, type Desk, type DeskOptions } from './desk.js';
import { Disconnected, type Tool, type ToolAnswer } from './tool.js';
import { clipTools } from './tools/clip-tools.js';
import { editTools } from './tools/edit-tools.js';
import { planTools } from './tools/plan-tools.js';
import { runTools } from './tools/run-tools.js';
import { statusTools } from './tools/status-tools.js';
import { untrusted, UNTRUSTED_NOTE } from './untrusted.js';

const INSTRUCTIONS = `dailies renders a YAML shot list into video clips with paid models; each clip is paid for once.
The loop: schema and models to learn, create or edit to write, validate, plan for a quote, show the total to the user and wait for a yes, run with the plan_hash and max_usd that they agreed to, status until it has ended, look at the frames, pick, plan again.
Never run without the user's yes to that total. Never buy again what is held: only the user can say whether it was charged (resolve).
${UNTRUSTED_NOTE}`;

const PEER = '@modelcontextprotocol/server';

/**
 * Serves the tools on the standard input and output until the client is gone. Throws `usage` for a root that is not there,
 * `tool-missing` if the SDK is not installed.
 */
export async function serveTools(options: DeskOptions): Promise<void> {
  const desk = openDesk(options);
  const [sdk, stdio] = await Promise.all([
    import('@modelcontextprotocol/server'),
    import('@modelcontextprotocol/server/stdio'),
  ]).catch((cause: unknown) => {
    throw packageError(PEER, { code: 'tool-missing', what: 'dailies mcp', cause });
  });
  const tools = [planTools, runTools, statusTools, clipTools, editTools].flatMap((make) => make(desk));
  await new Promise<void>((resolve) => {
    const transport = new stdio.StdioServerTransport();
    const handle = stdio.serveStdio(
      () => {
        const server = new sdk.McpServer(
          { name: 'dailies', version: VERSION },
          { instructions: INSTRUCTIONS },
        );
        for (const tool of tools) register(server, sdk.fromJsonSchema, { tool, desk });
        return server;
      },
      { transport },
    );
    finished(process.stdin, { writable: false }, () => void handle.close().finally(resolve));
  });
}

function register(
  server: McpServer,
  asSchema: typeof fromJsonSchema,
  { tool, desk }: { readonly tool: Tool; readonly desk: Desk },
): void {
  const { name, title, description, input, output, hints } = tool;
  server.registerTool(
    name,
    {
      ...{ title, description, annotations: { title, ...hints } },
      inputSchema: asSchema<Record<string, unknown>>(input),
      outputSchema: asSchema<Record<string, unknown>>(output),
    },
    async (args, context) => {
      try {
        return resultOf(await tool.call(args, callOf(context)), desk);
      } catch (error) {
        return failureOf(error, desk);
      }
    },
  );
}

function callOf({ mcpReq }: ServerContext) {
  const { signal, _meta, notify } = mcpReq;
  const token = _meta?.progressToken;
  const own = new AbortController();
  const abort = () => own.abort(isGone(signal.reason) ? new Disconnected() : signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return {
    signal: own.signal,
    progress(done: number, total: number, message: string) {
      if (token === undefined || signal.aborted) return;
      const params = { progressToken: token, progress: done, total, message };
      // Nobody has to hear of it.
      void notify({ method: 'notifications/progress', params }).catch(() => undefined);
    },
  };
}

/** The SDK ends calls with this error if the connection is closed, and with the client's words if the call is taken back. */
function isGone(reason: unknown): boolean {
  return reason instanceof Error && 'code' in reason && reason.code === 'CONNECTION_CLOSED';
}

function resultOf({ data, pictures = [] }: ToolAnswer, desk: Desk): CallToolResult {
  const shown = cleaned(data, desk) as Record<string, unknown>;
  return {
    structuredContent: shown,
    content: [
      { type: 'text', text: safeJson(shown) },
      ...pictures.flatMap(({ caption, jpeg }) => [
        { type: 'text' as const, text: desk.clean(caption) },
        { type: 'image' as const, mimeType: 'image/jpeg', data: jpeg.toString('base64') },
      ]),
    ],
  };
}

function failureOf(error: unknown, desk: Desk): CallToolResult {
  const known = knownError(error);
  const data = {
    error: {
      code: known.code,
      message: untrusted(known.message, 600),
      ...(known.hint === undefined ? {} : { hint: untrusted(known.hint, 600) }),
    },
    ...(known instanceof ManifestError && shownDiagnostics(known.diagnostics)),
  };
  return { isError: true, content: [{ type: 'text', text: safeJson(cleaned(data, desk)) }] };
}

function knownError(error: unknown): DailiesError {
  if (error instanceof DailiesError) return error;
  if (error instanceof Error && errnoOf(error) !== undefined && 'path' in error)
    return diskError({ path: String(error.path), doing: 'used', cause: error });
  return new DailiesError('internal', messageOf(error), { cause: error });
}

/** Plain data whose texts have no keys and no signatures. */
function cleaned(value: unknown, desk: Desk): unknown {
  if (typeof value === 'string') return desk.clean(value);
  if (Array.isArray(value)) return value.map((item) => cleaned(item, desk));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [desk.clean(key), cleaned(item, desk)]),
  );
}
