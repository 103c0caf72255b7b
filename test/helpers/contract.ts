import { readFileSync } from 'node:fs';

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

/*
 * The published contract of the API, as a judge: tests hold what the client sends, and what the sandbox answers,
 * to test/contract/openrouter-videos.openapi.yaml.
 */

const document: unknown = parse(
  readFileSync(new URL('../contract/openrouter-videos.openapi.yaml', import.meta.url), 'utf8'),
);

// An OpenAPI document is a JSON Schema with other keywords around it; formats need a plug-in and add nothing here.
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(document as object, 'contract');

const compiled = new Map<string, ValidateFunction>();

/** What is wrong with `value` by the contract's schema of that name (`VideoGenerationRequest`, …), a line each. */
export function contractViolations(schema: string, value: unknown): string[] {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile({ $ref: `contract#/components/schemas/${schema}` });
    compiled.set(schema, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) =>
    `${schema}${error.instancePath} ${error.message ?? ''}`.trim(),
  );
}

/** The same for the body of a submit, where a field that the contract does not know is a violation too. */
export function requestViolations(body: unknown): string[] {
  const violations = contractViolations('VideoGenerationRequest', body);
  if (typeof body !== 'object' || body === null) return violations;
  const known = requestFields();
  const unknown = Object.keys(body).filter((key) => !known.has(key));
  return [...violations, ...unknown.map((key) => `VideoGenerationRequest has no field ${key}`)];
}

function requestFields(): ReadonlySet<string> {
  const { components } = document as { components: { schemas: Record<string, { properties?: object }> } };
  return new Set(Object.keys(components.schemas['VideoGenerationRequest']?.properties ?? {}));
}
