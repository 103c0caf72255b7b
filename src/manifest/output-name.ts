import { createHash } from 'node:crypto';
import type { Take } from '../domain/take.js';
import { unsigned } from '../domain/unsigned-url.js';
import { isDeviceName, label } from './expand/ids.js';

/** The placeholders that every take has, besides its vars and the names of its matrix. */
const BUILT_IN = {
  project: (_: Take, project: string) => project,
  id: ({ shot }: Take) => shot,
  model: ({ settings: { model } }: Take) => model.slice(model.lastIndexOf('/') + 1),
  seed: ({ settings }: Take) => settings.seed?.toString(),
  take: ({ take }: Take) => String(take),
  index: ({ shot_index, row = shot_index }: Take) => String(row + 1).padStart(3, '0'),
  type: ({ type }: Take) => type,
  duration: ({ settings }: Take) => settings.duration?.toString(),
  resolution: ({ settings }: Take) => settings.resolution,
  aspect_ratio: ({ settings }: Take) => settings.aspect_ratio,
  size: ({ settings }: Take) => settings.size,
} as const;

/** Their names. */
export const TEMPLATE_NAMES = Object.keys(BUILT_IN);

/** Whether every take can fill a placeholder. */
export function isTemplateName(name: string): name is keyof typeof BUILT_IN {
  return Object.hasOwn(BUILT_IN, name);
}

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** Bytes of UTF-8 in one file or folder name: leaves room for `.take-12.2.mp4` within every file system's limit. */
const LONGEST_SEGMENT = 120;

/**
 * Where the clips of a take are: a path in the output folder, with `/`, without extension. Safe on Linux, macOS and
 * Windows whatever the names in it, and never outside the folder. Pure: the same take always gives the same name.
 */
export function outputStem(parts: {
  readonly template: string | undefined;
  readonly take: Take;
  readonly project: string;
}): string {
  const { template, take, project } = parts;
  if (template === undefined) {
    return `${take.shot}/${take.shot}${take.take === 1 ? '' : `.take-${take.take}`}`;
  }
  const fill = (segment: string): string =>
    segment.replace(PLACEHOLDER, (_, name: string) => printable(valueOf(name, take, project)));
  return template
    .split('/')
    .map((segment) => safeSegment(fill(segment)))
    .join('/');
}

/** The names that a template asks for. */
export function placeholdersIn(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
}

function valueOf(name: string, take: Take, project: string): string {
  if (isTemplateName(name)) return BUILT_IN[name](take, project) ?? `no-${name}`;
  // Not by plain look-up: the name may be one that every object inherits.
  const { matrix, vars = {} } = take;
  if (Object.hasOwn(vars, name)) return unsigned(vars[name]) ?? '';
  if (!Object.hasOwn(matrix, name)) return `no-${name}`;
  const value = unsigned(matrix[name]);
  return typeof value === 'string' ? value : label(name, value);
}

/** What stands in most names; a pattern of all invisible characters takes long to compile. */
const PLAIN = /^[\w .-]*$/;

/** Characters that Windows forbids, and invisible ones, become "-". */
function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.normalize('NFC').replace(/[<>:"/\\|?*\p{C}]+/gu, '-');
}

/** A file or folder name: no dots or spaces at its ends, no device of Windows, not too long, not empty. */
function safeSegment(segment: string): string {
  const trimmed = printable(segment).replace(/^[.\s]+|[.\s]+$/g, '');
  const name = trimmed === '' ? '_' : isDeviceName(trimmed) ? `_${trimmed}` : trimmed;
  if (Buffer.byteLength(name) <= LONGEST_SEGMENT) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${cutToBytes(name, LONGEST_SEGMENT - hash.length - 1)}-${hash}`;
}

function cutToBytes(text: string, most: number): string {
  let bytes = 0;
  let kept = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > most) break;
    kept += character;
  }
  return kept;
}
