import { visit, type Document, type YAMLError } from 'yaml';

/** A syntax error in plain words; `start` and `end` are offsets of the text, of what to point at. */
export interface ExplainedMistake {
  readonly message: string;
  readonly hint: string | undefined;
  readonly start: number;
  readonly end: number;
}

/** Says what the writer most likely meant; the library only says what its grammar expected. */
export function explainMistake(error: YAMLError, document: Document.Parsed, text: string): ExplainedMistake {
  const found = aroundOf(error, document, text);
  const row = MISTAKES.find(({ fits }) => fits(found));
  const start = Math.min((row?.points ?? atError)(found), text.length);
  const isMoved = start !== Math.min(error.pos[0], text.length);
  return {
    message: row?.says?.(found) ?? sentence(error.message),
    hint: row?.hint,
    start,
    end: isMoved ? start + 1 : Math.max(error.pos[1], start + 1),
  };
}

/** An error and the text around it. */
interface Around {
  readonly error: YAMLError;
  readonly line: string;
  /** The nearest line above that is not empty. */
  readonly above: string;
  /** The value that ends before the error on its line, as written. */
  readonly value: string;
  /** The last text in quotes that begins before the error; whether it comes from a line above and ends on this one. */
  readonly quoted: { readonly start: number; readonly endsHere: boolean } | undefined;
  /** A key on one of the more indented lines below, which belong to this one. */
  readonly keyBelow: { readonly start: number; readonly name: string } | undefined;
}

interface Mistake {
  readonly fits: (found: Around) => boolean;
  /** Absent: the library's own words will do. */
  readonly says?: (found: Around) => string;
  readonly hint: string;
  /** The offset to point at; absent: the library's. */
  readonly points?: (found: Around) => number;
}

const atError = ({ error }: Around): number => error.pos[0];
const startOfQuoted = ({ quoted, error }: Around): number => quoted?.start ?? error.pos[0];
const startOfKeyBelow = ({ keyBelow, error }: Around): number => keyBelow?.start ?? error.pos[0];

/** The character that opens a value, and what it means. */
const OPENED: Readonly<Record<string, string>> = {
  '[': '[ opens a list',
  '{': '{ opens a map',
  '"': '" opens a text in quotes',
  "'": "' opens a text in quotes",
  '*': '* stands for an anchor',
};

/** The mistakes that people make; the first that fits counts. */
const MISTAKES: readonly Mistake[] = [
  {
    fits: ({ error, quoted }) =>
      quoted !== undefined &&
      (/^Missing closing/.test(error.message) || (quoted.endsHere && isCode(error, 'UNEXPECTED_TOKEN'))),
    says: () => 'the quote that opens here is not closed where its text ends',
    hint: 'close it there, or leave out both quotes if the text needs none',
    points: startOfQuoted,
  },
  {
    fits: ({ error }) => /must be sufficiently indented|Expected .* to end/.test(error.message),
    says: () => 'a bracket or brace above is not closed',
    hint: 'close it with ] or }; text that begins with one needs quotes',
  },
  {
    fits: ({ error, value }) => value.startsWith('{{') && isCode(error, 'UNEXPECTED_TOKEN'),
    says: textFollows,
    hint: 'text that begins with {{ needs quotes: "{{name}} …"',
  },
  {
    fits: ({ error, value }) => /^["']/.test(value) && isCode(error, 'UNEXPECTED_TOKEN', 'MISSING_CHAR'),
    says: textFollows,
    hint: 'put the whole text below its key, after a |: it may contain quotes there',
  },
  {
    fits: ({ error, value }) => /^[[{*]/.test(value) && isCode(error, 'UNEXPECTED_TOKEN', 'MISSING_CHAR'),
    says: textFollows,
    hint: 'put the whole text in quotes',
  },
  {
    fits: ({ error, line }) => /[:-]\s+[>|]/.test(line) && /^Not a YAML token/.test(error.message),
    says: () => 'there is text on the line of its | or >',
    hint: 'start it on the line below, indented more than its key',
  },
  {
    fits: ({ error, above }) =>
      /:\s+[>|][-+\d]*\s*(?:#.*)?$/.test(above) &&
      isCode(error, 'MISSING_CHAR', 'MULTILINE_IMPLICIT_KEY', 'BAD_INDENT'),
    says: () => 'the text below a | or > is not indented more than its key',
    hint: 'indent its lines by two spaces more than the key',
  },
  {
    fits: ({ error, line }) =>
      /^[\s-]*\w+:(?!\/\/)\S/.test(line) && isCode(error, 'MISSING_CHAR', 'MULTILINE_IMPLICIT_KEY'),
    says: () => 'no space follows the colon, so this is not a key',
    hint: 'write NAME: VALUE',
  },
  {
    fits: ({ error, keyBelow }) =>
      keyBelow !== undefined && isCode(error, 'BLOCK_AS_IMPLICIT_KEY', 'MULTILINE_IMPLICIT_KEY'),
    says: ({ keyBelow }) => `${keyBelow?.name ?? 'this'}: is indented more than the key above it`,
    hint: 'start it in the same column; if it is text, put the whole text in quotes',
    points: startOfKeyBelow,
  },
  {
    fits: ({ error, line }) =>
      isCode(error, 'MISSING_CHAR', 'MULTILINE_IMPLICIT_KEY') && !/:(?:\s|$)/.test(line),
    says: () => 'this is not a key: it has no colon',
    hint: 'write NAME: VALUE; text that continues the line above is indented more than its key',
  },
  {
    fits: ({ error }) => /without - indicator/.test(error.message),
    says: () => 'this is indented less than the keys above it',
    hint: 'keys of one map start in the same column',
  },
  {
    fits: ({ error }) => /^Unexpected block-seq-ind/.test(error.message),
    says: () => 'a list cannot begin on the line of its key',
    hint: 'start it on the line below; put text that begins with - in quotes',
  },
  {
    fits: ({ error }) => isCode(error, 'TAB_AS_INDENT'),
    hint: 'indent with spaces; YAML does not take tabs',
  },
  {
    fits: ({ error, line }) =>
      /:(?:\s|$)/.test(line) &&
      isCode(error, 'BLOCK_AS_IMPLICIT_KEY', 'MULTILINE_IMPLICIT_KEY', 'BLOCK_IN_FLOW'),
    says: () => 'the colon makes a key of the text before it',
    hint: 'put the whole text in quotes, or a | after its key and the text on the lines below',
  },
  {
    fits: ({ error }) => isCode(error, 'BAD_SCALAR_START'),
    says: ({ error }) => `text cannot begin with ${sentence(error.message).slice(-1)}`,
    hint: 'put the text in quotes',
  },
  {
    fits: ({ error }) => isCode(error, 'BAD_DQ_ESCAPE'),
    hint: 'write \\\\ for a backslash, or put the text in single quotes',
  },
  {
    fits: ({ error }) => isCode(error, 'BAD_INDENT', 'BLOCK_AS_IMPLICIT_KEY'),
    hint: 'keys of one map, and items of one list, start in the same column',
  },
  {
    fits: ({ error }) => isCode(error, 'TAG_RESOLVE_FAILED'),
    hint: 'a manifest has no tags; put text that begins with ! in quotes',
  },
];

function isCode({ code }: YAMLError, ...codes: readonly YAMLError['code'][]): boolean {
  return codes.includes(code);
}

function textFollows({ value }: Around): string {
  return `${OPENED[value.charAt(0)] ?? 'the value ends here'}, and more text follows it`;
}

function aroundOf(error: YAMLError, document: Document.Parsed, text: string): Around {
  const [at] = error.pos;
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  let value: [start: number, end: number] = [lineStart, lineStart];
  let quoted: Around['quoted'];
  visit(document, {
    Node(_, node) {
      const [start, end] = node.range ?? [Infinity, Infinity];
      if (start > at) return visit.BREAK;
      const isQuoted = 'type' in node && /^QUOTE/.test(node.type ?? '');
      if (isQuoted && start < at) quoted = { start, endsHere: start < lineStart && end > lineStart };
      if (start >= lineStart && end <= at && end > value[1]) value = [start, end];
      return undefined;
    },
  });
  return {
    error,
    line: lineAt(text, lineStart),
    above: text.slice(0, lineStart).trimEnd().split('\n').at(-1) ?? '',
    value: text.slice(...value),
    quoted,
    keyBelow: keyBelow(text, lineStart),
  };
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
}

/** The first key below, while the lines are indented more than the key of this one; none if this line has a colon itself. */
function keyBelow(text: string, lineStart: number): Around['keyBelow'] {
  const [before = '', value = ''] = lineAt(text, lineStart).split(/:\s(.*)/s);
  if (/:(?:\s|$)/.test(value)) return undefined;
  const column = /^[\s-]*/.exec(before)?.[0].length ?? 0;
  let at = text.indexOf('\n', lineStart) + 1;
  while (at > 0 && at < text.length) {
    const line = lineAt(text, at);
    const [spaces = ''] = /^ */.exec(line) ?? [];
    if (line.trim() !== '' && spaces.length <= column) return undefined;
    const name = /^\s*([^\s:]+):(?:\s|$)/.exec(line)?.[1];
    if (name !== undefined) return { start: at + spaces.length, name };
    at = text.indexOf('\n', at) + 1;
  }
  return undefined;
}

function sentence(message: string): string {
  const first = message.split('\n', 1)[0] ?? message;
  return first.length > 200 ? `${first.slice(0, 200)}…` : first;
}
