import canonicalize from 'canonicalize';
import type { Spelling } from '../catalogue/spelling.js';
import { plainSettings } from '../domain/plain-settings.js';
import { shapingSettings } from '../domain/shaping.js';
import type { RecordedInput, RecordedRequest } from '../domain/attempt.js';

/**
 * Says which inputs of a request differ, in the words a person used: "prompt changed",
 * "refs/side.jpg changed", "greenhouse has a new clip".
 */
export function changesBetween(
  before: RecordedRequest,
  after: RecordedRequest,
  spell: Spelling = plainSettings,
): string[] {
  const real = new Set(changedSettings(spell(before), spell(after)));
  const isOtherPicture = PICTURE.some((name) => real.has(name));
  // In the words of the manifest, except those that differ only in spelling.
  const settings = changedSettings(before, after).filter(
    (name) => real.has(name) || (isOtherPicture && PICTURE.includes(name)),
  );
  return [...settings.map(changed), ...inputChanges(before, after)];
}

/** The fields that give the size of a picture. */
const PICTURE = ['size', 'resolution', 'aspect_ratio'];

/** Which settings differ, as `changesBetween` says it; the inputs are not compared. */
export function settingChanges(before: RecordedRequest, after: RecordedRequest): string[] {
  return changedSettings(before, after).map(changed);
}

/**
 * How a request has changed since it was sent. It quotes what was asked then, because the user looks for that in a list of jobs:
 * `since then prompt changed from "waves"`; empty if nothing has changed.
 */
export function changesSince(before: RecordedRequest, after: RecordedRequest): string[] {
  const old = settingsOf(before);
  const changes = [
    ...changedSettings(before, after).map(
      (name) =>
        changed(name) + (old[name] === undefined ? '' : ` from ${excerpt(JSON.stringify(old[name]))}`),
    ),
    ...inputChanges(before, after),
  ];
  return changes.map((change, index) => (index === 0 ? `since then ${change}` : change));
}

function changedSettings(before: RecordedRequest, after: RecordedRequest): string[] {
  const [old, now] = [settingsOf(before), settingsOf(after)];
  return Object.keys({ ...now, ...old }).filter(
    (name) => canonicalize(old[name]) !== canonicalize(now[name]),
  );
}

/** By the manifest's name for it. */
function changed(setting: string): string {
  return `${setting === 'previous_job_id' ? 'previous_job' : setting} changed`;
}

/** Enough of a prompt to recognise it. */
function excerpt(text: string): string {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN).replace(/[\ud800-\udbff]$/, '')}…`;
}

const MOST_SHOWN = 60;

/** What counts in a fingerprint: a change of the rest is no reason for anything. */
function settingsOf(request: RecordedRequest): Readonly<Record<string, unknown>> {
  const { frame_images, input_references, ...settings } = request;
  return { ...shapingSettings(settings) };
}

/** If one picture is both frames, or a reference too, it is named once. */
function inputChanges(before: RecordedRequest, after: RecordedRequest): string[] {
  return [...new Set([...frameChanges(before, after), ...referenceChanges(before, after)])];
}

function frameChanges(before: RecordedRequest, after: RecordedRequest): string[] {
  return (['first_frame', 'last_frame'] as const).flatMap((type) => {
    const inputOf = (request: RecordedRequest) =>
      request.frame_images?.find((frame) => frame.frame_type === type)?.input;
    return inputChange(type, inputOf(before), inputOf(after));
  });
}

function referenceChanges(before: RecordedRequest, after: RecordedRequest): string[] {
  const old = before.input_references ?? [];
  const now = after.input_references ?? [];
  if (old.length !== now.length) return ['references changed'];
  return now.flatMap(({ input }, index) => inputChange('references', old[index]?.input, input));
}

/** `role` is the field that holds the input. */
function inputChange(
  role: string,
  before: RecordedInput | undefined,
  after: RecordedInput | undefined,
): string[] {
  if (inputIdentity(before) === inputIdentity(after)) return [];
  if (before && after && 'from' in before && 'from' in after && before.from === after.from) {
    if (before.take !== after.take) return [`take ${after.take} of ${after.from}, not take ${before.take}`];
    if (before.at === after.at) return [`${after.from} has a new clip`];
  }
  if (before && after && isFile(before) && isFile(after) && before.path === after.path)
    return [`${after.path} changed`];
  return [`${role} changed`];
}

function isFile(input: RecordedInput): input is Extract<RecordedInput, { path: string; sha256: string }> {
  return 'path' in input && !('from' in input);
}

/** The part of an input that the fingerprint has: see shot/order.ts. */
function inputIdentity(input: RecordedInput | undefined): string {
  if (!input) return '';
  if ('from' in input) return `${input.clip_sha256} ${input.at}`;
  return 'url' in input ? input.url : input.sha256;
}
