import type { ValidateFunction } from 'ajv/dist/2020.js';
import { lockfileCompiler } from './lockfile-schema.js';

/*
 * The checks of a lockfile, and of an attempt by itself, against the schema. As with the manifest's, the build replaces this
 * module by compiled code (see scripts/finish-build.js).
 */
const compiler = lockfileCompiler();
export const validateLockfile = compiler.getSchema('lockfile') as ValidateFunction;
export const validateAttempt = compiler.getSchema('lockfile#/$defs/attempt_document') as ValidateFunction;
