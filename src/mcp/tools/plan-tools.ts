import { defined } from '../../domain/defined.js';
import { manifestSchema } from '../../domain/manifest-schema.js';
import { isRecord } from '../../domain/is-record.js';
import { DailiesError, ManifestError } from '../../errors.js';
import { createManifest } from '../../flow/commands/create.js';
import { listModels } from '../../flow/commands/models.js';
import { planProject, validateProject } from '../../flow/plan/plan.js';
import { loadProject } from '../../flow/project/project.js';
import { shownDiagnostics, shownPlan } from '../answers.js';
import type { Desk } from '../desk.js';
import { fit } from '../fit.js';
import * as tool from '../tool.js';
import { untrusted } from '../untrusted.js';

/** The scope of a plan; a run of that plan must be given the same. */
export const SCOPE = {
  only: tool.TEXTS('Only these shots or takes: their ids, or id@take.'),
  until: tool.TEXT('This shot and all it is made from.'),
  rerender: tool.TEXTS('Buy these again although they are delivered; the old clips are kept.'),
};

export const PLAN_ANSWER = {
  plan_hash: tool.TEXT('Stands for what this plan buys and its price; run needs it.'),
  total_usd: tool.MAP(
    'What a run would buy now: min_usd, expected_usd, max_usd, and how many have no known price.',
  ),
  rows: tool.LIST(
    'Takes that are alike are one row: action, reasons, model, price of each (min, expected, max), takes.',
  ),
  more: tool.MORE,
  diagnostics: tool.DIAGNOSTICS,
};

/** The scope that arguments name. */
export function scopeOf(args: tool.ToolArguments) {
  return defined({
    only: tool.textsOf(args, 'only'),
    until: tool.textOf(args, 'until'),
    rerender: tool.textsOf(args, 'rerender'),
  });
}

/** Tools that check, price and describe; none of them buys. */
export function planTools(desk: Desk): readonly tool.Tool[] {
  const manifestOf = (args: tool.ToolArguments) => tool.textOf(args, 'manifest') ?? '';
  return [
    {
      name: 'create',
      title: 'Write a new manifest',
      description:
        'Writes a new YAML manifest, if it is valid; never over a file that is there. Call schema for the fields and models for the choices. Use gateway: sandbox to rehearse for free.',
      input: tool.objectOf({ manifest: tool.MANIFEST, text: tool.TEXT('The whole manifest, as YAML.') }, [
        'manifest',
        'text',
      ]),
      output: tool.answerOf(
        { written: tool.FLAG('Whether it was written.'), diagnostics: tool.DIAGNOSTICS },
        ['written'],
      ),
      hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
      call: (args, { signal }) =>
        withFindings('written', () => {
          const options = desk.reading(desk.newManifest(manifestOf(args)));
          return createManifest(options, tool.textOf(args, 'text') ?? '', { signal });
        }),
    },
    {
      name: 'validate',
      title: 'Check a manifest',
      description: 'Finds every mistake in a manifest, against the gateway’s models. Buys nothing.',
      input: tool.objectOf({ manifest: tool.MANIFEST }, ['manifest']),
      output: tool.answerOf({ valid: tool.FLAG('Whether it can be run.'), diagnostics: tool.DIAGNOSTICS }, [
        'valid',
      ]),
      hints: tool.LOOKS,
      call: (args, { signal }) =>
        withFindings('valid', async () => {
          const options = desk.reading(desk.manifest(manifestOf(args)));
          return validateProject(await loadProject(options, { soundPart: true }), { signal });
        }),
    },
    {
      name: 'plan',
      title: 'Quote what a run would buy',
      description:
        'Says what a run would do about each take, why, and for how much, and gives the plan_hash that run needs. Buys nothing. Show the total to the user before you run it.',
      input: tool.objectOf({ manifest: tool.MANIFEST, ...SCOPE, offset: tool.OFFSET }, ['manifest']),
      output: tool.answerOf(PLAN_ANSWER, ['plan_hash', 'total_usd', 'rows']),
      hints: tool.LOOKS,
      async call(args, { signal }) {
        const project = await desk.open(manifestOf(args));
        const plan = await planProject(project, { ...scopeOf(args), signal });
        const left = desk.allowance.left();
        return {
          data: {
            ...shownPlan(plan, tool.numberOf(args, 'offset')),
            ...(left === undefined ? {} : { server_may_still_spend_usd: left }),
          },
        };
      },
    },
    {
      name: 'models',
      title: 'List models and prices',
      description:
        'What each model of the gateway can do, and the price of a typical clip. Words narrow the list: image, 1080p, veo.',
      input: tool.objectOf({
        manifest: tool.TEXT('The gateway of this manifest; otherwise the server’s, or openrouter.'),
        words: tool.TEXTS('Parts of ids, modes and resolutions that must all be there.'),
        sort: { enum: ['price', 'name'] },
        offset: tool.OFFSET,
      }),
      output: tool.answerOf(
        { gateway: tool.TEXT('Whose models.'), models: tool.LIST('The models.'), more: tool.MORE },
        ['models'],
      ),
      hints: tool.LOOKS,
      call: (args, { signal }) => models(desk, args, signal),
    },
    {
      name: 'schema',
      title: 'Describe the manifest’s format',
      description:
        'The fields of a manifest; with part, the JSON Schema of one of them, such as shot, matrix or gateway.',
      input: tool.objectOf({ part: tool.TEXT('The name of a field.') }),
      output: tool.answerOf({
        schema: tool.MAP('A JSON Schema.'),
        fields: tool.MAP('Fields, each in one line.'),
      }),
      hints: { ...tool.LOOKS, openWorldHint: false },
      call: (args) => Promise.resolve({ data: schema(tool.textOf(args, 'part')) }),
    },
  ];
}

/** Findings are what was asked for, whether or not the manifest is valid. */
async function withFindings(
  word: 'valid' | 'written',
  work: () => ReturnType<typeof validateProject>,
): Promise<tool.ToolAnswer> {
  try {
    return { data: { [word]: true, ...shownDiagnostics(await work()) } };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return { data: { [word]: false, ...shownDiagnostics(error.diagnostics) } };
  }
}

async function models(desk: Desk, args: tool.ToolArguments, signal: AbortSignal): Promise<tool.ToolAnswer> {
  const manifest = tool.textOf(args, 'manifest');
  const target = manifest === undefined ? undefined : (await desk.open(manifest)).target;
  const listed = await listModels({
    ...{ env: desk.options.env, words: tool.textsOf(args, 'words') ?? [], signal },
    ...defined({
      gateway: target ? (target.baseUrl ?? target.name) : desk.options.gateway,
      sort: args['sort'] === 'price' || args['sort'] === 'name' ? args['sort'] : undefined,
    }),
  });
  const offset = tool.numberOf(args, 'offset');
  const { shown, more } = fit(listed.models, defined({ offset }), (found) =>
    found.map(({ model, modes, typical, estimate }) =>
      defined({
        ...{ id: untrusted(model.id, 80), makes: modes, seconds: model.supported_durations?.join(' ') },
        resolutions: model.supported_resolutions?.map((text) => untrusted(text, 20)).join(' '),
        aspect_ratios: model.supported_aspect_ratios?.map((text) => untrusted(text, 20)).join(' '),
        ...{ audio: model.generate_audio, typical, typical_usd: estimate?.expected_usd },
      }),
    ),
  );
  return { data: defined({ gateway: untrusted(listed.gateway), models: shown, more }) };
}

function describedAs(value: unknown): string {
  const text = isRecord(value) ? value['description'] : undefined;
  return typeof text === 'string' ? text : '';
}

function schema(part: string | undefined): Readonly<Record<string, unknown>> {
  const { properties, $defs } = manifestSchema;
  if (part === undefined) {
    const lines = (from: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(Object.entries(from).map(([name, value]) => [name, describedAs(value)]));
    const { shot: _shot, ...fields } = $defs;
    return { fields: { top: lines(properties), of_a_shot_or_defaults: lines(fields) } };
  }
  const found = properties[part] ?? $defs[part];
  if (found) return { schema: found };
  throw new DailiesError('usage', `a manifest has no field ${part}`, {
    hint: 'call schema without a part for the list of fields',
  });
}
