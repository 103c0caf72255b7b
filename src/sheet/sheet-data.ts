import { sumUsd } from '../domain/money.js';
import type { EarlierClip, Report, ReportOutput, ReportState, ReportTake } from '../domain/report.js';
import type { Fact, SheetClip, SheetData, SheetTake, StateGroup } from './page/data.js';
import { clipUrl } from './clip-url.js';

/** What the page says of all takes together: nothing that is not shown goes into the page. */
export function sheetHead(report: Report): Omit<SheetData, 'takes'> {
  return {
    project: report.project,
    gateway: report.gateway,
    generatedAt: Date.parse(report.generated_at),
    spentUsd: report.spent_usd,
    spentUnpriced: report.spent_unpriced,
    budgetUsd: report.budget_usd,
    shape: commonShape(report.takes),
  };
}

/** The frames' shape that wastes the least: that of most clips, between a phone held upright and a wide screen. */
function commonShape(takes: readonly ReportTake[]): number {
  // Encoders round sizes to whole blocks, so that 16:9 comes as 1.77 and 1.78: such shapes count as one.
  const alike = new Map<number, number[]>();
  for (const take of takes) {
    const shape = shapeOf(take);
    if (shape === undefined) continue;
    const rounded = Math.round(shape * 20);
    const group = alike.get(rounded);
    if (group) group.push(shape);
    else alike.set(rounded, [shape]);
  }
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

/** A take with the clip that is to be seen, and what is known of that clip. */
type Pictured = Omit<ReportTake, 'settings'> & Pick<EarlierClip, 'settings'>;

/** Where an earlier clip stands in for a take's own, the words beside it are those that it was made from. */
function pictured(take: ReportTake): Pictured {
  const { earlier, job_id = earlier?.job_id } = take;
  if (!earlier) return take;
  const times = take.times.submitted === undefined ? earlier.times : take.times;
  const { settings, outputs } = earlier;
  return { ...take, settings, outputs, times, ...(job_id === undefined ? {} : { job_id }) };
}

/** What the page shows of a take. */
export function sheetTake(reported: ReportTake): SheetTake {
  const take = pictured(reported);
  const [state, stateWords, reason] = describe(take);
  const { settings } = take;
  const wanted = reported.settings.prompt ?? '';
  return {
    key: take.key,
    shot: take.id,
    group: take.manifest_id,
    take: take.take,
    takes: take.takes,
    tags: take.tags,
    // The model is said of every take anyway.
    matrix: Object.entries(take.matrix).flatMap(([name, value]) =>
      name === 'model' ? [] : [[name, textOf(value)]],
    ),
    prompt: settings.prompt ?? '',
    model: settings.model,
    brief: brief(take),
    settings: facts(take),
    ...(settings.seed === undefined ? {} : { seed: settings.seed }),
    state,
    stateWords,
    ...(state === 'delivered' ? {} : { reason: take.message ?? reason }),
    ...(take.job_id === undefined ? {} : { job: take.job_id }),
    ...(wanted === (settings.prompt ?? '') ? {} : { wanted }),
    ...costOf(take),
    picked: take.picked,
    clips: take.outputs.map(sheetClip),
    attempts: take.attempts,
    times: times(take),
    waitsFor: take.depends_on ?? [],
  };
}

/** What the attempts that the take shows have cost, or are expected to have where the gateway does not say. */
function costOf(take: Pictured): Pick<SheetTake, 'costUsd' | 'estimateUsd' | 'costWords'> {
  const isCharged = COSTS[take.state] || take.cost_usd !== undefined;
  const paid = [...(isCharged ? [take] : []), ...(take.earlier ? [take.earlier] : [])];
  const amounts = paid.flatMap(({ cost_usd, estimate }) => cost_usd ?? estimate?.expected_usd ?? []);
  const usd = sumUsd(amounts);
  if (amounts.length === 0) return { costWords: paid.length > 0 ? 'no cost reported' : unpaidWords(take) };
  const isReported = paid.every(({ cost_usd }) => cost_usd !== undefined);
  return { ...(isReported ? { costUsd: usd } : { estimateUsd: usd }), costWords: '' };
}

function unpaidWords({ state, attempts }: Pictured): string {
  if (state === 'refused' || state === 'not_charged') return 'not charged';
  return attempts > 0 ? 'not bought yet' : 'nothing spent';
}

/** Whether an attempt in this state has, or may have, cost something. */
const COSTS: Readonly<Record<ReportState, boolean>> = {
  planned: false,
  submitting: true,
  pending: true,
  in_progress: true,
  completed: true,
  downloading: true,
  delivered: true,
  failed: true,
  cancelled: true,
  expired: true,
  lost: true,
  refused: false,
  uncertain: true,
  not_charged: false,
  abandoned: true,
  missing: false,
  blocked: false,
};

/** As `describeState`; and that the clip to be seen is not what was asked for. */
function describe({ state, earlier }: Pictured): ReturnType<typeof describeState> {
  const [group, words, reason] = describeState(state);
  if (!earlier) return [group, words, reason];
  const isBegun = state !== 'missing' && state !== 'planned';
  return [group, isBegun ? `${words}, earlier clip` : 'out of date', reason];
}

/** The group and the words of a state, and what to say of it where the report gives no reason. */
function describeState(state: ReportState): readonly [StateGroup, string, string] {
  switch (state) {
    case 'delivered':
      return ['delivered', 'delivered', ''];
    case 'failed':
      return ['failed', 'failed', 'The gateway gave no reason.'];
    case 'cancelled':
      return ['failed', 'cancelled', 'The gateway says that the job was cancelled.'];
    case 'expired':
      return ['failed', 'expired', 'The gateway says that the job has expired.'];
    case 'refused':
      return ['failed', 'refused', 'The gateway refused it. Nothing was charged.'];
    case 'uncertain':
      return ['held', 'held: answer lost', 'It may have been charged. Settle it with dailies resolve.'];
    case 'lost':
      return ['held', 'held: clip gone', 'The gateway no longer has it. The next run asks again.'];
    case 'submitting':
      return ['active', 'submitting', 'It is being submitted.'];
    case 'pending':
      return ['active', 'queued', 'It waits at the gateway.'];
    case 'in_progress':
      return ['active', 'rendering', 'The gateway is rendering it.'];
    case 'completed':
      return ['active', 'rendered', 'It is rendered. The next run downloads it, for free.'];
    case 'downloading':
      return ['active', 'downloading', 'It is rendered. The next run downloads it, for free.'];
    case 'blocked':
      return ['blocked', 'blocked', 'A shot that it needs was not delivered.'];
    case 'planned':
    case 'missing':
      return ['missing', 'not rendered', 'Not rendered yet.'];
    case 'not_charged':
      return ['missing', 'not charged', 'Settled by hand: it was not charged.'];
    case 'abandoned':
      return ['missing', 'given up', 'Given up by hand.'];
  }
}

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

/** Every setting that shapes the picture. */
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
    ['provider', optionsOf(settings.provider)],
  ];
  return all.flatMap(([label, value]) => (value === undefined ? [] : [[label, textOf(value)] as const]));
}

function optionsOf(provider: unknown): unknown {
  const isObject = typeof provider === 'object' && provider !== null;
  return isObject && 'options' in provider ? provider.options : provider;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function sheetClip({ path, bytes, media, warnings }: ReportOutput): SheetClip {
  const codecs = [
    media.video_codec,
    media.fps && `${Math.round(media.fps * 100) / 100} fps`,
    media.audio_codec,
  ];
  return {
    src: clipUrl(path),
    path,
    bytes,
    seconds: media.duration_s,
    width: media.width,
    height: media.height,
    codecs: codecs.filter(Boolean).join(', '),
    ...(media.fps === undefined ? {} : { fps: media.fps }),
    warnings,
  };
}

function times({
  times: { submitted, accepted, started, completed, delivered },
}: Pictured): SheetTake['times'] {
  const begun = submitted ?? accepted;
  return {
    ...(begun === undefined ? {} : { submitted: begun }),
    ...(started === undefined ? {} : { started }),
    ...(completed === undefined ? {} : { completed }),
    ...(delivered === undefined ? {} : { delivered }),
  };
}
