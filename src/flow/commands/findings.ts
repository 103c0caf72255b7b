import { USUAL_THRESHOLDS, type TakeFinding } from '../../domain/finding.js';
import type { Report } from '../../domain/report.js';
import { findingsOfTake, knownFindings, type FoundInClips } from '../work/known-findings.js';
import type { Project } from '../project/project.js';

/** What earlier checks of a project's clips found, by the manifest's thresholds, or else by the usual ones. */
export function projectFindings({ paths, manifest }: Project): Promise<FoundInClips> {
  return knownFindings(paths, manifest.checks ?? USUAL_THRESHOLDS);
}

/** A report with what checks have found in its clips: on each take, and as warnings of its clips. */
export function withFindings(report: Report, found: FoundInClips): Report {
  const takes = report.takes.map((take) => {
    const findings = findingsOfTake(take.outputs, found);
    return findings ? { ...take, findings, outputs: warned(take.outputs, findings) } : take;
  });
  return { ...report, takes };
}

/** Adds the findings about clips to their warnings. */
export function warned<T extends { readonly warnings: readonly string[] }>(
  outputs: readonly T[],
  findings: readonly TakeFinding[],
): readonly T[] {
  return outputs.map((clip, index) => {
    const own = findings.filter(({ output }) => output === index).map(({ message }) => message);
    return own.length === 0 ? clip : { ...clip, warnings: [...clip.warnings, ...own] };
  });
}
