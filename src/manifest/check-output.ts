import { foldCase } from '../domain/fold-case.js';
import { nearest } from '../domain/nearest.js';
import type { Take } from '../domain/take.js';
import { isTemplateName, outputStem, placeholdersIn, TEMPLATE_NAMES } from './output-name.js';
import { didYouMean, type Problem, type Report } from './problems.js';

const PATH = ['output', 'name'];

/** Checks the naming template alone. `names`: the existing vars and matrix names. */
export function checkTemplate(template: string, names: ReadonlySet<string>, report: Report): void {
  const fault = (message: string, more: Partial<Problem> = {}): void =>
    report({ code: 'output-template', message, path: PATH, ...more });
  const text = template.replace(/\{[^{}]*\}/g, 'x');
  if (/[{}]/.test(text)) {
    fault('the template has an unmatched brace', {
      hint: 'a placeholder is {id}, with single braces',
    });
  }
  if (/^[/\\]|^[A-Za-z]:|\\/.test(text) || text.split('/').some((segment) => /^\.+$/.test(segment.trim()))) {
    const hint = 'separate folders with /, without .. in them';
    fault('the names of clips stay inside the output folder', { code: 'path-outside', hint });
  } else if (text.split('/').some((segment) => segment.trim() === '')) {
    fault('the template has an empty folder or file name');
  }
  if (/\.(?:mp4|webm)$/i.test(template)) {
    fault('dailies adds the extension, by the type of the clip', { hint: 'leave it out' });
  }
  for (const name of placeholdersIn(template)) {
    if (isTemplateName(name) || names.has(name)) continue;
    const meant = nearest(name, [...TEMPLATE_NAMES, ...names]);
    fault(`the template asks for {${name}}, which no take has${didYouMean(meant && `{${meant}}`)}`, {
      needle: `{${name}}`,
      hint: `there are ${TEMPLATE_NAMES.map((known) => `{${known}}`).join(' ')}, vars and names of a matrix`,
    });
  }
}

/**
 * Reports takes whose files would collide: under one name regardless of case, as another's second output, or as a
 * file of ours. No clip can be another's folder, because values add no `/` to a name.
 */
export function checkCollisions(
  template: string,
  takes: readonly Take[],
  project: string,
  report: Report,
): void {
  const owners = new Map<string, string>();
  for (const take of takes) {
    const stem = outputStem({ template, take, project });
    const owner = owners.get(foldCase(stem));
    if (owner !== undefined) {
      collide(`${owner} and ${take.key} would both be ${stem}.mp4`);
      return;
    }
    owners.set(foldCase(stem), take.key);
  }
  for (const [stem, owner] of owners) {
    const other = owners.get(stem.replace(/\.(?:[2-9]|[1-9]\d+)$/, ''));
    if (stem === 'report' || OUR_FILES.has(stem.split('/', 1)[0] ?? '')) {
      collide(`${owner} would have the name of the contact sheet or the report: ${stem}`);
    } else if (other !== undefined && other !== owner) {
      collide(`${stem}.mp4 of ${owner} would also be the name of a further output of ${other}`);
    }
  }

  function collide(message: string): void {
    report({
      code: 'output-collision',
      message,
      path: PATH,
      hint: 'tell them apart with {id}, {take}, or a name of the matrix',
    });
  }
}

/** Files of ours at the top of the output folder; besides them, a clip called `report` would have report.json for its metadata. */
const OUR_FILES: ReadonlySet<string> = new Set(['index.html', 'report.json']);
