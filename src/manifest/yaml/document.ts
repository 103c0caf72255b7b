import {
  Composer,
  Lexer,
  Parser,
  type Alias,
  type CST,
  type Document,
  type Node,
  type YAMLError,
} from 'yaml';
import { defined } from '../../domain/defined.js';
import type { Diagnostic } from '../../domain/diagnostic.js';
import { placesIn, type Places } from './places.js';
import { yamlData, type YamlFault } from './data.js';
import { explainMistake } from './mistakes.js';

/** Tokens of YAML in one manifest; 28 make a plain shot. It bounds memory: up to some 400 bytes each. */
const MOST_TOKENS = 2_000_000;
/** Collections within collections; an honest manifest needs about ten. */
const DEEPEST = 200;
/** The limit for expanded aliases in a small file; a larger file may have more, in proportion. */
const ALIAS_ALLOWANCE = 1_000_000;
/** Syntax errors after the first few are echoes of it. */
const MOST_SYNTAX_ERRORS = 10;

/** A manifest's YAML: the data, and where each part of it stands. */
export interface YamlDocument {
  /** Absent if the YAML has errors that leave no reliable data. */
  readonly data?: unknown;
  readonly places: Places;
  /** The same as nodes of the text, for an edit; absent as the data is. */
  readonly tree?: YamlTree;
}

/** YAML as its text has it: nodes with their ranges, and what each alias refers to. */
export interface YamlTree {
  readonly root: Node;
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly data: unknown;
}

/** Reads one YAML document. Faults go to `add`; none is ever thrown, whatever the text. */
export function readYaml(source: {
  readonly text: string;
  readonly file: string;
  readonly add: (diagnostic: Diagnostic) => void;
}): YamlDocument {
  const { text, file, add } = source;
  const bare = placesIn(text, file);
  const { tokens, counted } = tokenize(text, (code, message, offset) => {
    add({ code, severity: 'error', message, at: bare.span(offset, offset + 1) });
  });
  if (!tokens) return { places: bare };

  const [document, second] = compose(tokens, text.length);
  if (!document || reportSyntax(document, text, bare, add)) return { places: bare };
  if (second) {
    const [start] = second.range;
    const message = 'a second document begins here; a manifest is one';
    const hint = 'remove the --- line, or make two files';
    add({
      code: 'yaml-multiple-documents',
      severity: 'error',
      message,
      hint,
      at: bare.span(start, start + 3),
    });
    return { places: bare };
  }

  const maxSize = ALIAS_ALLOWANCE + 4 * counted;
  const fault = ({ code, message, hint, node }: YamlFault): void => {
    const [start, end] = node.range ?? [0, 0];
    const severity = code === 'prompt-cut' ? ('warning' as const) : ('error' as const);
    add(defined({ code, severity, message, at: bare.span(start, end), hint }));
  };
  const converted = yamlData(document.contents, text, maxSize, fault);
  if (!converted) return { places: bare };
  const { data, targets } = converted;
  const { contents: root } = document;
  const places = placesIn(text, file, root, targets);
  return { data, places, ...(root && { tree: { root, targets, data } }) };
}

type LimitFault = (code: 'yaml-syntax' | 'manifest-unreadable', message: string, offset: number) => void;

/** The parser's tokens, or none where the text is too deep or too long for what follows, which recurses. */
function tokenize(text: string, fault: LimitFault): { tokens?: CST.Token[]; counted: number } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let counted = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > DEEPEST) {
      fault('yaml-syntax', `lists and maps are nested more than ${DEEPEST} deep here`, parser.offset - 1);
      return { counted };
    }
    if (++counted > MOST_TOKENS) {
      fault(
        'manifest-unreadable',
        'the manifest has more values than fit in memory, up to here',
        parser.offset,
      );
      return { counted };
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens, counted };
}

/** Only the first two documents: a third would add nothing. */
function compose(tokens: readonly CST.Token[], length: number): (Document.Parsed | undefined)[] {
  // Keys are compared in data.ts: the library's comparison takes quadratic time on a long map.
  const composer = new Composer({ merge: true, uniqueKeys: false, logLevel: 'silent' });
  const documents: Document.Parsed[] = [];
  // A file of nothing but brackets makes an Error for each; without stacks they cost a fifth.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    for (const document of composer.compose(tokens, true, length)) {
      documents.push(document);
      if (documents.length === 2) break;
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return documents;
}

/** Reports the library's errors, one a line; says whether there were any. Its warnings are about unknown tags. */
function reportSyntax(
  document: Document.Parsed,
  text: string,
  places: Places,
  add: (diagnostic: Diagnostic) => void,
): boolean {
  const errors: YAMLError[] = [...document.errors, ...document.warnings];
  errors.sort((a, b) => a.pos[0] - b.pos[0]);
  const lines = new Set<number>();
  for (const error of errors) {
    const { line } = places.span(Math.min(error.pos[0], text.length), text.length);
    if (lines.has(line)) continue;
    lines.add(line);
    const { message, hint, start, end } = explainMistake(error, document, text);
    const at = places.span(start, end);
    if (at.line !== line && lines.has(at.line)) continue;
    lines.add(at.line);
    if (lines.size > MOST_SYNTAX_ERRORS) break;
    add(defined({ code: 'yaml-syntax' as const, severity: 'error' as const, message, at, hint }));
  }
  return errors.length > 0;
}
