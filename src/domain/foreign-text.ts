/*
 * Text from outside (a gateway, a manifest, a path) can steer what shows it: a terminal by control characters, a reader by
 * marks that reverse text, a CI system by lines that it takes for commands. This file prevents that, for every
 * way out.
 */

/** Marks that reverse the reading direction, so that a text seems to say something else. */
export const REORDERING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** What JSON lets through as it is: DEL and the C1 controls, marks that turn text around, separators of lines. */
const UNESCAPED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * What a CI system takes for a command anywhere in a line: `##[` of GitHub and Azure (actions/runner,
 * ActionCommand.TryParse), `##vso[`, `##teamcity[`.
 */
const COMMAND_MARK = /#(?=#(?:vso|teamcity)?\[)/gi;

/** A command at the start of a line, white space before it or not: `::error::` and its likes (TryParseV2). */
const COMMAND_START = /^(\s*):(?=:)/gm;

/**
 * JSON in which no foreign text is dangerous to show, and which says the same to every parser: what could steer the screen or
 * a CI system is written as an escape. Only strings change, because such text occurs nowhere else in JSON.
 */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNESCAPED, escaped).replace(COMMAND_MARK, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Lines for a log in which a CI system finds no command: a space breaks whatever it would take for one. */
export function withoutCommands(lines: string): string {
  if (!lines.includes('::') && !lines.includes('##')) return lines;
  return lines.replace(COMMAND_START, '$1: ').replace(COMMAND_MARK, '# ');
}
