import { defined } from '../../domain/defined.js';
import { act, addExamples, type Register } from '../command.js';
import { addStoreOption, collectList, parseText, parseUsd } from '../options.js';

interface McpFlags {
  readonly root?: readonly string[];
  readonly maxCost?: number;
  readonly gateway?: string;
  readonly clips?: string;
  readonly store?: string;
}

export const registerMcp: Register = (program, context) => {
  const command = program
    .command('mcp')
    .description('serve tools for coding agents (Model Context Protocol) on stdio');
  addStoreOption(command)
    .option('--root <DIR...>', 'the folders whose manifests may be used; default: this one', collectList)
    .option('--max-cost <USD>', 'what all runs of this server together may spend', parseUsd)
    .option('--gateway <NAME|URL>', 'the gateway of all manifests; wins over theirs', parseText)
    .option('--clips <DIR|s3://…>', 'the folder or bucket that keeps clips and receipts', parseText);
  addExamples(command, [
    ['dailies mcp --root ~/films --max-cost 10', 'what a host starts: see docs/agents.md'],
    ['dailies mcp --gateway sandbox', 'an agent that rehearses for free'],
  ]);
  act<McpFlags>(command, context, async ({ flags }) => {
    const { serveTools } = await import('../../mcp/serve.js');
    const { root: roots = ['.'], maxCost: maxCostUsd, gateway, clips, store } = flags;
    await serveTools({ roots, env: context.env, ...defined({ maxCostUsd, gateway, clips, store }) });
    return 0;
  });
};
