import { systemClock } from '../../clock.js';
import { defined } from '../../domain/defined.js';
import type { Diagnostic } from '../../domain/diagnostic.js';
import { costOfTake, type ReportTake } from '../../domain/report.js';
import { DailiesError } from '../../errors.js';
import { projectStatus } from '../../flow/commands/status.js';
import { isLockHeld, runLockPath } from '../../store/run-lock.js';
import { shownDiagnostics } from '../answers.js';
import type { Desk } from '../desk.js';
import { fit, grouped } from '../fit.js';
import * as tool from '../tool.js';
import { untrusted, untrustedData } from '../untrusted.js';

const LOOK_AGAIN_MS = 500;

/** The tool that says how a film stands. */
export function statusTools(desk: Desk): readonly tool.Tool[] {
  return [
    {
      name: 'status',
      title: 'How each take stands',
      description:
        'The state of each take, whether a run is on, and the money spent, from the project’s files alone. With shot: all about it, its prompt and settings too. With wait_seconds: waits for the end of the run.',
      input: tool.objectOf(
        {
          manifest: tool.MANIFEST,
          shot: tool.TEXT('One shot, or one take of it.'),
          wait_seconds: tool.NUMBER('How long to wait for the end of a run.'),
          offset: tool.OFFSET,
        },
        ['manifest'],
      ),
      output: tool.answerOf(
        {
          running: tool.FLAG('Whether a run is at work on this machine.'),
          spent_usd: tool.NUMBER('What counts as spent so far.'),
          states: tool.LIST('Takes that stand alike, with what there is to say.'),
          takes: tool.LIST('Everything about the takes of one shot.'),
          more: tool.MORE,
        },
        ['running', 'spent_usd'],
      ),
      hints: { ...tool.LOOKS, openWorldHint: false },
      call: (args, { signal }) => status(desk, args, signal),
    },
  ];
}

async function status(desk: Desk, args: tool.ToolArguments, signal: AbortSignal): Promise<tool.ToolAnswer> {
  const project = await desk.open(tool.textOf(args, 'manifest') ?? '');
  const isAtWork = async () =>
    desk.runs.has(project.paths.manifest) || (await isLockHeld(runLockPath(project.paths.lockfile)));
  const until = systemClock.elapsed() + (tool.numberOf(args, 'wait_seconds') ?? 0) * 1000;
  while (systemClock.elapsed() < until && (await isAtWork())) await systemClock.sleep(LOOK_AGAIN_MS, signal);
  const told: Diagnostic[] = [];
  const report = await projectStatus(project, (found) => void told.push(...found));
  const { gateway, spent_usd, budget_usd, takes } = report;
  const common = {
    ...{ running: await isAtWork(), gateway: untrusted(gateway), spent_usd, budget_usd },
    delivered: `${takes.filter(({ state }) => state === 'delivered').length} of ${takes.length}`,
    ...(told.length > 0 && shownDiagnostics(told)),
  };
  const offset = tool.numberOf(args, 'offset');
  const shot = tool.textOf(args, 'shot');
  if (shot !== undefined) {
    const found = takes.filter(
      ({ key, id, manifest_id, take }) => [key, id, manifest_id].includes(shot) || `${id}@${take}` === shot,
    );
    if (found.length === 0) {
      throw new DailiesError('usage', `the manifest has no shot or take ${shot}`, {
        hint: 'ask status without a shot for the list',
      });
    }
    const { shown, more } = fit(found, defined({ offset }), (some) => some.map(wholeTake));
    return { data: defined({ ...common, takes: shown, more }) };
  }
  const { shown, more } = fit(takes, defined({ offset }), (some) =>
    grouped(some, standing, ({ key }) => untrusted(key, 80)),
  );
  return { data: defined({ ...common, states: shown, more }) };
}

function standing({ state, message, picked, takes }: ReportTake): Readonly<Record<string, unknown>> {
  return defined({
    state,
    message: message === undefined ? undefined : untrusted(message, 160),
    picked: takes > 1 && picked ? true : undefined,
  });
}

function wholeTake(take: ReportTake): Readonly<Record<string, unknown>> {
  const { key, state, message, job_id, picked, attempts, settings, matrix, outputs, depends_on } = take;
  return defined({
    ...{ take: untrusted(key, 80), state, picked, attempts, settings: untrustedData(settings) },
    matrix: Object.keys(matrix).length > 0 ? untrustedData(matrix) : undefined,
    message: message === undefined ? undefined : untrusted(message, 600),
    job_id: job_id === undefined ? undefined : untrusted(job_id, 80),
    cost_usd: costOfTake(take).usd,
    clips: outputs.map(({ path, media, warnings }) => ({
      ...{ path: untrusted(path), seconds: media.duration_s, size: `${media.width}x${media.height}` },
      ...(warnings.length > 0 && { warnings: warnings.map((text) => untrusted(text)) }),
    })),
    depends_on: depends_on?.map((id) => untrusted(id, 80)),
  });
}
