import type { ValidateFunction } from 'ajv/dist/2020.js';
import { lockfileCompiler } from './lockfile-schema.js';

/*
 * A lockfile, and an attempt by itself, checked against the schema. As with the manifest's, the build puts compiled code
 * in the place of this module (see scripts/finish-build.js).
 */
const compiler = lockfileCompiler();
export const validateLockfile = compiler.getSchema('lockfile') as ValidateFunction;
export const validateAttempt = compiler.getSchema('lockfile#/$defs/attempt_document') as ValidateFunction;
