import type { Model } from '../domain/catalogue.js';
import type { Diagnostic, SourceRange } from '../domain/diagnostic.js';
import type { LocateField, ShotField } from '../domain/manifest.js';
import { shapingSettings } from '../domain/shaping.js';
import type { Take } from '../domain/take.js';
import { recordedSettings } from '../shot/order.js';
import { meantModel } from './find.js';
import { someOf } from './phrases.js';
import type { Finding } from './rule.js';
import { RULES } from './rules.js';

/**
 * Checks every take against what the catalogue says about its model. Three-valued: a known yes is silent, a known no
 * is an error, and an unknown is one warning for each model and question. The same mistake at
 * the same place is reported once, however many takes a matrix or the defaults make of it.
 */
export function checkCapabilities(check: {
  readonly takes: readonly Take[];
  readonly models: readonly Model[];
  readonly locate: LocateField;
}): Diagnostic[] {
  const { takes, models, locate } = check;
  const diagnostics = new Map<string, Diagnostic>();
  if (models.length === 0) return takes.length === 0 ? [] : [nothingListed()];

  const modelByName = indexOf(models);
  const alternatives = alternativesAmong(takes, models, modelByName);

  const tell = (take: Take, field: ShotField, same: string, diagnose: () => Untold) => {
    const at = locate(take, field);
    const key = `${same}\n${at ? placeOf(at) : take.manifest_id}`;
    const told = diagnostics.get(key);
    if (!told) {
      diagnostics.set(key, { ...diagnose(), ...(at && { at }), shot: take.shot });
    } else if (told.shot !== undefined && told.shot !== take.shot) {
      // It is about several shots, so it names none.
      const { shot: _, ...shared } = told;
      diagnostics.set(key, shared);
    }
  };

  for (const take of takes) {
    const name = take.settings.model;
    const model = modelByName.get(name);
    if (!model) {
      tell(take, 'model', `model-unknown\n${name}`, () => unknownModel(name, models));
      continue;
    }
    for (const rule of RULES) {
      for (const finding of rule.find(take, model)) {
        if (finding.answer === 'unknown') {
          const key = `${model.id}\n${RULES.indexOf(rule)}`;
          if (!diagnostics.has(key)) diagnostics.set(key, doubt(finding, locate(take, finding.field)));
        } else {
          const same = `${rule.code}\n${model.id}\n${finding.value}`;
          tell(take, finding.field, same, () => refusal(finding, alternatives(take, model, finding)));
        }
      }
    }
  }
  return [...diagnostics.values()];
}

/** A diagnostic without a place. */
type Untold = Omit<Diagnostic, 'at' | 'shot'>;

function nothingListed(): Diagnostic {
  return {
    code: 'capability-unknown',
    severity: 'warning',
    message: 'the gateway lists no models, so nothing was checked against their limits',
  };
}

function unknownModel(name: string, models: readonly Model[]): Untold {
  const meant = meantModel(name, models);
  const vendor = `${name.split('/')[0] ?? ''}/`;
  const isOfVendor = (model: Model) => model.id.startsWith(vendor);
  const vendorFirst = [...models.filter(isOfVendor), ...models.filter((model) => !isOfVendor(model))];
  return {
    code: 'model-unknown',
    severity: 'error',
    message: `the gateway has no model ${name}`,
    hint: `${meant === undefined ? '' : `did you mean ${meant}? `}the gateway has ${someOf(vendorFirst)}`,
  };
}

function doubt(finding: Finding, at: SourceRange | undefined): Diagnostic {
  return {
    code: finding.rule.doubtCode,
    severity: 'warning',
    message: `the gateway does not say ${finding.message()}; ${finding.field} is sent as it stands`,
    ...(at && { at }),
  };
}

function refusal(finding: Finding, alternative: string | undefined): Untold {
  const hint = [finding.remedy(), alternative].filter((part) => part !== undefined).join('; ');
  return {
    code: finding.rule.code,
    severity: 'error',
    message: finding.message(),
    ...(hint !== '' && { hint }),
  };
}

/**
 * Finds a model that is known to do what another does not, and everything else that the take asks for: one that
 * the manifest already uses, otherwise the first of the catalogue. Computed once for each combination of questions.
 */
function alternativesAmong(
  takes: readonly Take[],
  models: readonly Model[],
  modelByName: ReadonlyMap<string, Model>,
): (take: Take, model: Model, finding: Finding) => string | undefined {
  const known = new Map<string, string | undefined>();
  let candidates: readonly Model[] | undefined;
  return (take, model, finding) => {
    candidates ??= [
      ...new Set([...takes.flatMap(({ settings }) => modelByName.get(settings.model) ?? []), ...models]),
    ];
    const key = `${finding.rule.code}\n${model.id}\n${finding.value}\n${demandsOf(take)}`;
    if (!known.has(key)) known.set(key, alternativeTo(take, finding, candidates));
    return known.get(key);
  };
}

/** Everything that a take asks of its model. */
function demandsOf(take: Take): string {
  const { model: _, ...asked } = shapingSettings(recordedSettings(take));
  return JSON.stringify([
    take.type,
    { ...asked, prompt: Boolean(asked.prompt?.trim()) },
    take.frames.map(({ frame_type }) => frame_type),
    take.references.map(({ media }) => media),
    take.previous_shot !== undefined,
  ]);
}

function alternativeTo(take: Take, finding: Finding, candidates: readonly Model[]): string | undefined {
  for (const candidate of candidates) {
    const offer = finding.offerOf(candidate);
    if (offer === undefined) continue;
    const makesIt = RULES.every((rule) => rule.find(take, candidate).length === 0);
    if (makesIt) return `${candidate.id} ${offer}`;
  }
  return undefined;
}

function indexOf(models: readonly Model[]): ReadonlyMap<string, Model> {
  const byName = new Map<string, Model>();
  for (const model of models) if (!byName.has(model.canonical_slug)) byName.set(model.canonical_slug, model);
  // Ids last: an id wins over another model's slug, and the first of two equal ids over the second.
  for (const model of [...models].reverse()) byName.set(model.id, model);
  return byName;
}

function placeOf({ file, line, column }: SourceRange): string {
  return `${file}:${line}:${column}`;
}
