import { writeVtt } from '../cut/captions.js';
import { groupBy } from '../domain/group-by.js';
import {
  costOfTake,
  type EarlierClip,
  type Report,
  type ReportOutput,
  type ReportState,
  type ReportTake,
} from '../domain/report.js';
import type { KeptSettings } from '../domain/fields.js';
import { fileUrl } from '../domain/file-url.js';
import type { EarlierTake, Fact, SheetClip, SheetData, SheetTake, StateGroup } from './page/data.js';

/** The page's data about all takes: what is not shown is left out. */
export function sheetHead(report: Report): Omit<SheetData, 'takes'> {
  return {
    project: report.project,
    gateway: report.gateway,
    isOnPaper: report.gateway === 'sandbox',
    generatedAt: Date.parse(report.generated_at),
    spentUsd: report.spent_usd,
    spentUnpriced: report.spent_unpriced,
    budgetUsd: report.budget_usd,
    shape: commonShape(report.takes),
  };
}

/** The shape of frames that wastes least space: that of most clips, between an upright phone and a wide screen. */
function commonShape(takes: readonly ReportTake[]): number {
  const shapes = takes.map(shapeOf).filter((shape) => shape !== undefined);
  // Encoders round sizes to whole blocks, so that 16:9 comes as 1.77 and 1.78: such shapes count as one.
  const alike = groupBy(shapes, (shape) => String(Math.round(shape * 20)));
  const [common] = [...alike.values()].sort((a, b) => b.length - a.length);
  return Math.min(2.4, Math.max(0.75, common?.[0] ?? 16 / 9));
}

function shapeOf(take: ReportTake): number | undefined {
  const { outputs, settings } = pictured(take);
  const media = outputs[0]?.media;
  const asked = /^(\d+)[:x](\d+)$/.exec(settings.size ?? settings.aspect_ratio ?? '');
  const width = media?.width ?? Number(asked?.[1]);
  const height = media?.height ?? Number(asked?.[2]);
  return width > 0 && height > 0 ? width / height : undefined;
}

/** A take with the clip that is shown, and what is known about that clip. */
type Pictured = Omit<ReportTake, 'settings' | 'job_id'> &
  Pick<EarlierClip, 'settings'> & { readonly job_id?: string | undefined };

/** If an earlier clip is shown in place of a take's own, so is the prompt that it was made from. */
function pictured(take: ReportTake): Pictured {
  const { earlier, job_id = earlier?.job_id } = take;
  if (!earlier) return take;
  const times = take.times.submitted === undefined ? earlier.times : take.times;
  const { settings, outputs } = earlier;
  return { ...take, settings, outputs, times, job_id };
}

/** What the page shows of a take. */
export function sheetTake(
  reported: ReportTake,
  addressOf: AddressOf = ({ path }) => fileUrl(path),
): SheetTake {
  const take = pictured(reported);
  const { settings, state, earlier } = take;
  const [group, words, reason] = STATES[state];
  const { prompt = '' } = settings;
  const { prompt: wanted = '' } = reported.settings;
  return {
    key: take.key,
    shot: take.id,
    group: take.manifest_id,
    take: take.take,
    takes: take.takes,
    tags: take.tags,
    // Every take shows its model anyway.
    matrix: Object.entries(take.matrix).flatMap(([name, value]) =>
      name === 'model' ? [] : [[name, textOf(value)]],
    ),
    prompt,
    model: settings.model,
    brief: brief(take),
    settings: facts(take),
    seed: settings.seed,
    state: group,
    stateWords: earlier ? besideEarlier(state, words) : words,
    reason: group === 'delivered' && take.outputs.length > 0 ? undefined : (take.message ?? reason),
    job: take.job_id,
    generation: take.generation_id,
    servedBy: take.served_by,
    wanted: wanted === prompt ? undefined : wanted,
    ...costOf(take),
    picked: take.picked,
    remedy: REMEDIES[state],
    settle: state === 'uncertain' ? 'unanswered' : state === 'lost' ? 'lost' : undefined,
    clips: take.outputs.map((output) => sheetClip(output, { addressOf, captions: take.captions })),
    attempts: take.attempts,
    times: times(take),
    waitsFor: take.depends_on ?? [],
  };
}

/** Where the page finds a clip. */
export type AddressOf = (output: ReportOutput) => string;

/** A clip that was made for a take before. */
export function earlierTake(take: ReportTake, earlier: EarlierClip, addressOf: AddressOf): EarlierTake {
  const { prompt, model, brief, settings, seed, costUsd, estimateUsd, costWords, clips, times } = sheetTake(
    { ...take, state: 'missing', earlier, outputs: [] },
    addressOf,
  );
  return { prompt, model, brief, settings, seed, costUsd, estimateUsd, costWords, clips, times };
}

/** What a person can do about a state, besides to run again. */
const REMEDIES: Readonly<Partial<Record<ReportState, string>>> = {
  failed: 'The next run tries once more. If the gateway objects to the words, change the prompt first.',
  expired: 'The next run tries once more.',
  cancelled: 'The next run tries once more.',
  refused: 'Change what the gateway objects to, then run again.',
  uncertain: 'Look into the gateway’s own list of activity, then settle it with dailies resolve.',
  lost: 'Run again later, or give it up with dailies resolve --abandon.',
};

/** Whether the shown clip is not what was asked for. */
function besideEarlier(state: ReportState, words: string): string {
  return state === 'missing' || state === 'planned' ? 'out of date' : `${words}, earlier clip`;
}

/** What the attempts that the take shows have cost, or are expected to cost if the gateway does not say. */
function costOf(take: Pictured): Pick<SheetTake, 'costUsd' | 'estimateUsd' | 'costWords'> {
  const { usd, isReported, isCharged } = costOfTake(take);
  if (usd === undefined) return { costWords: isCharged ? 'no cost reported' : unpaidWords(take) };
  return { ...(isReported ? { costUsd: usd } : { estimateUsd: usd }), costWords: '' };
}

function unpaidWords({ state, attempts }: Pictured): string {
  if (state === 'refused' || state === 'not_charged') return 'not charged';
  return attempts > 0 ? 'not bought yet' : 'nothing spent';
}

/** The group and the words of a state, and what to say about it if the report gives no reason. */
const STATES: Readonly<Record<ReportState, readonly [group: StateGroup, words: string, reason: string]>> = {
  delivered: ['delivered', 'delivered', ''],
  failed: ['failed', 'failed', 'The gateway gave no reason.'],
  cancelled: ['failed', 'cancelled', 'The gateway says that the job was cancelled.'],
  expired: ['failed', 'expired', 'The gateway says that the job has expired.'],
  refused: ['failed', 'refused', 'The gateway refused it. Nothing was charged.'],
  uncertain: ['held', 'held: answer lost', 'It may have been charged. Settle it with dailies resolve.'],
  lost: ['held', 'held: clip gone', 'The gateway no longer has it. The next run asks again.'],
  submitting: ['active', 'submitting', 'It is being submitted.'],
  pending: ['active', 'queued', 'It waits at the gateway.'],
  in_progress: ['active', 'rendering', 'The gateway is rendering it.'],
  completed: ['active', 'rendered', 'It is rendered. The next run downloads it, for free.'],
  downloading: ['active', 'downloading', 'It is rendered. The next run downloads it, for free.'],
  blocked: ['blocked', 'blocked', 'A shot that it needs was not delivered.'],
  planned: ['missing', 'not rendered', 'Not rendered yet.'],
  missing: ['missing', 'not rendered', 'Not rendered yet.'],
  not_charged: ['missing', 'not charged', 'Settled by hand: it was not charged.'],
  abandoned: ['missing', 'given up', 'Given up by hand.'],
};

/** What a person compares at a glance. */
function brief({ settings, outputs }: Pictured): string[] {
  const media = outputs[0]?.media;
  const seconds = settings.duration ?? (media && Math.round(media.duration_s * 10) / 10);
  return [
    seconds === undefined ? undefined : `${seconds} s`,
    settings.size?.replace('x', '×') ?? settings.resolution ?? (media && `${media.width}×${media.height}`),
    settings.aspect_ratio,
    settings.generate_audio === undefined ? undefined : settings.generate_audio ? 'sound' : 'silent',
  ].filter((word) => word !== undefined);
}

/** Every setting that is kept. */
function facts({ type, settings }: Pictured): Fact[] {
  const all: readonly (readonly [string, unknown])[] = [
    ['type', type],
    ['duration', settings.duration === undefined ? undefined : `${settings.duration} s`],
    ['resolution', settings.resolution],
    ['aspect ratio', settings.aspect_ratio],
    ['size', settings.size],
    ['sound', settings.generate_audio === undefined ? undefined : settings.generate_audio ? 'yes' : 'no'],
    ['creativity', settings.creativity],
    ['upscale', settings.upscale_factor],
    ['provider', providerOf(settings.provider)],
    ['trace', settings.trace],
  ];
  return all.flatMap(([label, value]) => (value === undefined ? [] : [[label, textOf(value)] as const]));
}

/** The parameters alone, if nothing is said of who may serve the request. */
function providerOf(provider: KeptSettings['provider']): unknown {
  const { options, ...preferences } = provider ?? {};
  return Object.keys(preferences).length > 0 ? provider : options;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function sheetClip(
  output: ReportOutput,
  {
    addressOf,
    captions = {},
  }: { readonly addressOf: AddressOf; readonly captions: ReportTake['captions'] | undefined },
): SheetClip {
  const { path, bytes, sha256, media, warnings, notes = [] } = output;
  const codecs = [
    media.video_codec,
    media.fps && `${Math.round(media.fps * 100) / 100} fps`,
    media.audio_codec,
  ];
  return {
    src: addressOf(output),
    path,
    bytes,
    seconds: media.duration_s,
    width: media.width,
    height: media.height,
    codecs: codecs.filter(Boolean).join(', '),
    fps: media.fps,
    warnings,
    captions: Object.entries(captions).map(([language, text]) => [
      language,
      captionUrl(text, media.duration_s),
    ]),
    sha256,
    notes: notes.map(({ id, at_seconds: seconds, text }) => ({ id, seconds, text })),
  };
}

/** A page from a disk may load no track from a file, so the text is in the URL. */
function captionUrl(text: string, seconds: number): string {
  const vtt = writeVtt([{ start: 0, end: seconds, text }]);
  return `data:text/vtt;charset=utf-8,${encodeURIComponent(vtt.replace(/[\ud800-\udfff]/gu, '\ufffd'))}`;
}

function times({ times }: Pictured): SheetTake['times'] {
  const { submitted = times.accepted, started, completed, delivered } = times;
  return { submitted, started, completed, delivered };
}
