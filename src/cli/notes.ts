import type { Diagnostic } from '../domain/diagnostic.js';
import { lookOf, noteLines, type CliContext } from './context.js';

/** Shows what was found in a manifest that can be run all the same, with the lines it was found on. */
export async function noteDiagnostics(
  context: CliContext,
  diagnostics: readonly Diagnostic[],
  source: { readonly text: string },
): Promise<void> {
  if (diagnostics.length === 0) return;
  const { formatDiagnostics } = await import('../ui/diagnostics.js');
  noteLines(context, [
    ...formatDiagnostics({ diagnostics, text: source.text, ...lookOf(context, 'stderr') }),
    '',
  ]);
}
