import type { Model } from '../domain/catalogue.js';
import type { DiagnosticCode } from '../domain/diagnostic.js';
import type { ShotField } from '../domain/manifest.js';
import type { Take } from '../domain/take.js';

/** One thing that a take asks of its model, and the field it asks it in. */
export interface Ask<V> {
  readonly field: ShotField;
  readonly value: V;
}

/** What a rule is about: one ability of models. `V` is what a take can ask of it. */
export interface RuleSpec<V extends string | number | boolean> {
  /** The code for a known no. */
  readonly code: DiagnosticCode;
  /** The code for an unknown; absent: `capability-unknown`. */
  readonly doubtCode?: DiagnosticCode;
  asks(take: Take): readonly Ask<V>[];
  /** Known yes, known no, or undefined if the gateway does not say. */
  allows(model: Model, value: V): boolean | undefined;
  /** What is wrong if the answer is no; absent if a no is never known. */
  refusal?(model: Model, value: V): string;
  /** What completes "the gateway does not say …"; absent if the answer is always known. */
  doubt?(model: Model): string;
  /** What to do about a known no. */
  remedy?(model: Model, value: V): string | undefined;
  /** What a model that allows the value does; the text follows the model's id. */
  offer?(model: Model, value: V): string | undefined;
}

/** What a rule finds in one take: a known no, or that nothing is known. A known yes is no finding. */
export interface Finding {
  readonly rule: Rule;
  readonly answer: 'no' | 'unknown';
  readonly field: ShotField;
  readonly value: string;
  readonly message: () => string;
  readonly remedy: () => string | undefined;
  /** What another model is known to do instead; undefined if it is not. */
  readonly offerOf: (other: Model) => string | undefined;
}

/** A rule that any take can be checked against. */
export interface Rule {
  readonly code: DiagnosticCode;
  readonly doubtCode: DiagnosticCode;
  find(take: Take, model: Model): readonly Finding[];
}

/** Makes a rule from its description. Texts are made only on demand: a manifest may have 100,000 takes. */
export function ruleOf<V extends string | number | boolean>(spec: RuleSpec<V>): Rule {
  const rule: Rule = {
    code: spec.code,
    doubtCode: spec.doubtCode ?? 'capability-unknown',
    find(take, model) {
      let findings: Finding[] | undefined;
      for (const { field, value } of spec.asks(take)) {
        const allowed = spec.allows(model, value);
        if (allowed === true) continue;
        findings ??= [];
        findings.push({
          rule,
          answer: allowed === false ? 'no' : 'unknown',
          field,
          value: String(value),
          message: () =>
            (allowed === false ? spec.refusal?.(model, value) : spec.doubt?.(model)) ?? spec.code,
          remedy: () => (allowed === false ? spec.remedy?.(model, value) : undefined),
          offerOf: (other) => (spec.allows(other, value) === true ? spec.offer?.(other, value) : undefined),
        });
      }
      return findings ?? NOTHING;
    },
  };
  return rule;
}

const NOTHING: readonly never[] = [];
