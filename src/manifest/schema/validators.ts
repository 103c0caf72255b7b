import type { ValidateFunction } from 'ajv/dist/2020.js';
import type { RawCombination, RawManifest, RawShared, RawShot } from './raw.js';
import { partValidators } from './compiler.js';

/*
 * The parts of a manifest checked against the schema. Shots are checked one by one, so that each error is small and none
 * hides the next.
 *
 * Compiling them takes as long as everything else that `dailies status` does, so the build puts their compiled code in the
 * place of this module (see scripts/finish-build.js).
 */
const parts = partValidators();
export const validateTop = parts.getSchema('manifest#/$defs/top') as ValidateFunction<RawManifest>;
export const validateDefaults = parts.getSchema('manifest#/$defs/defaults') as ValidateFunction<RawShared>;
export const validateShot = parts.getSchema('manifest#/$defs/shot') as ValidateFunction<RawShot>;
export const validateRow = parts.getSchema('manifest#/$defs/row') as ValidateFunction<RawCombination>;
