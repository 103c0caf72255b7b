import { createHash } from 'node:crypto';
import type { Take } from '../domain/take.js';
import { unsigned } from '../domain/unsigned-url.js';
import { isDeviceName, label } from './expand/ids.js';

/** Placeholders that every take can fill, besides its vars and the names of its matrix. */
export const TEMPLATE_NAMES = [
  'project',
  'id',
  'model',
  'seed',
  'take',
  'index',
  'type',
  'duration',
  'resolution',
  'aspect_ratio',
  'size',
] as const;

type TemplateName = (typeof TEMPLATE_NAMES)[number];

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** Bytes of UTF-8 in one file or folder name: leaves room for `.take-12.2.mp4` within every file system's limit. */
const LONGEST_SEGMENT = 120;

/**
 * Where the clips of a take go: a path in the output folder, with `/`, without extension. Safe on Linux, macOS and
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
  if (isTemplateName(name)) return builtIn(name, take, project) ?? `no-${name}`;
  // Not by mere look-up: a name may be one that every object inherits.
  const { matrix, vars = {} } = take;
  if (Object.hasOwn(vars, name)) return unsigned(vars[name]) ?? '';
  if (!Object.hasOwn(matrix, name)) return `no-${name}`;
  const value = unsigned(matrix[name]);
  return typeof value === 'string' ? value : label(name, value);
}

function isTemplateName(name: string): name is TemplateName {
  return TEMPLATE_NAMES.some((known) => known === name);
}

function builtIn(name: TemplateName, take: Take, project: string): string | undefined {
  switch (name) {
    case 'project':
      return project;
    case 'id':
      return take.shot;
    case 'model':
      return take.settings.model.slice(take.settings.model.lastIndexOf('/') + 1);
    case 'take':
      return String(take.take);
    case 'index':
      return String(take.shot_index + 1).padStart(3, '0');
    case 'type':
      return take.type;
    default:
      return take.settings[name]?.toString();
  }
}

/** Characters that Windows forbids, and those that nobody sees, become "-". */
function printable(text: string): string {
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
