import type { Report, ReportOutput, ReportTake } from '../../src/domain/report.js';
import type { SheetData } from '../../src/sheet/page/data.js';
import { renderSheet } from '../../src/sheet/render.js';
import { sheetHead, sheetTake } from '../../src/sheet/sheet-data.js';

/** A take for a test: delivered by default, with what matters said. */
export function sampleTake(wish: Partial<ReportTake> & { readonly id: string }): ReportTake {
  const { id, take = 1, takes = 1 } = wish;
  return {
    key: takes > 1 ? `${id}@${take}` : id,
    manifest_id: id,
    take,
    takes,
    type: 'text',
    tags: [],
    matrix: {},
    settings: {
      model: 'google/veo-3.1-lite',
      prompt: 'A glass greenhouse at sunrise',
      duration: 4,
      resolution: '720p',
      aspect_ratio: '16:9',
    },
    state: 'delivered',
    estimate: {
      min_usd: 0.12,
      expected_usd: 0.12,
      max_usd: 0.12,
      sku: 'duration_seconds_720p',
      inferred: false,
    },
    picked: false,
    outputs: [],
    times: {},
    attempts: 1,
    ...wish,
  };
}

/** A clip that is, or is said to be, at a path. */
export function sampleOutput(path: string, wish: Partial<ReportOutput> = {}): ReportOutput {
  return {
    path,
    bytes: 120_000,
    sha256: 'a'.repeat(64),
    media: { container: 'mp4', duration_s: 1, width: 64, height: 36, video_codec: 'avc', fps: 24 },
    warnings: [],
    ...wish,
  };
}

export function sampleReport(takes: readonly ReportTake[], wish: Partial<Report> = {}): Report {
  return {
    version: 1,
    project: 'teaser',
    gateway: 'openrouter',
    generated_at: '2026-10-10T12:02:00.000Z',
    spent_usd: 18.2,
    spent_unpriced: 0,
    budget_usd: null,
    takes,
    ...wish,
  };
}

/** The contact sheet of a report, as one text. */
export function htmlOf(report: Report): string {
  return [...renderSheet(report)].join('');
}

/** All that the page of a report knows. */
export function sheetData(report: Report): SheetData {
  return { ...sheetHead(report), takes: report.takes.map((take) => sheetTake(take)) };
}
