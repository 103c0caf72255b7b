import type { Diagnostic } from '../../domain/diagnostic.js';
import { DailiesError } from '../../errors.js';
import { editManifest, lookUpValue, type ManifestEdit } from '../../manifest/edit/edit-manifest.js';
import type { FoundValue, ValueRef } from '../../manifest/edit/find-value.js';
import type { ManifestReading } from '../../manifest/parse.js';
import type { Replacement } from '../../manifest/edit/spelling.js';
import { readManifest } from '../../store/read-manifest.js';
import { replaceManifest, versionOf } from '../../store/replace-manifest.js';
import { validateProject, type PlanOptions } from '../plan/plan.js';
import { loadProject, readingWithTables, type Project, type ProjectOptions } from '../project/project.js';

/** A value of a shot, and the version of the manifest that it was read from. */
export interface ReadValue extends FoundValue {
  readonly version: string;
}

/** An edit that is not written yet. */
export interface Draft {
  /** The version of the manifest that it changes. */
  readonly version: string;
  /** The edited manifest, ready to validate and plan; it is not on disk. */
  readonly project: Project;
  /** The text that each edit replaced, in the text that the previous edit left. */
  readonly replaced: readonly Replacement[];
  /** Keys of the takes whose order has changed. */
  readonly changed: readonly string[];
  readonly content: Uint8Array;
}

/** Says what a value of a shot is, and where it comes from. Throws as `lookUpValue`, and `manifest-invalid` if the manifest cannot be read. */
export async function readValue(options: ProjectOptions, ref: ValueRef): Promise<ReadValue> {
  const bytes = await readManifest(options.manifest);
  const reading = await readingWithTables(bytes, options.manifest, options);
  return { ...lookUpValue(reading, ref), version: versionOf(bytes) };
}

/**
 * Makes edits of a manifest, one after the other, and writes nothing. `version`: the version that they were made for, if the caller has seen
 * one. Throws `usage` for edits that cannot be made, ManifestError if the edited manifest cannot be expanded, `manifest-changed` if the
 * manifest has another version.
 */
export async function draftEdits(
  options: ProjectOptions,
  { edits, version }: { readonly edits: readonly ManifestEdit[]; readonly version?: string },
): Promise<Draft> {
  const bytes = await readManifest(options.manifest);
  const found = versionOf(bytes);
  if (version !== undefined && version !== found) {
    throw new DailiesError('manifest-changed', `${options.manifest} has changed since it was read`, {
      hint: 'read the value again, and make the change to what the manifest says now',
    });
  }
  let reading: ManifestReading = await readingWithTables(bytes, options.manifest, options);
  const replaced: Replacement[] = [];
  const changed = new Set<string>();
  for (const edit of edits) {
    const edited = editManifest(reading, edit);
    reading = { ...reading, text: edited.text };
    replaced.push(edited.replaced);
    for (const key of edited.changed) changed.add(key);
  }
  const content = typeof reading.text === 'string' ? Buffer.from(reading.text) : reading.text;
  const project = await loadProject(options, { draft: content });
  return { version: found, project, replaced, changed: [...changed], content };
}

/**
 * Replaces the manifest that a draft was made from with the draft, and gives its warnings and its version. Throws ManifestError
 * if `validate` finds an error in it, `manifest-changed` if somebody else has written the manifest meanwhile, `disk` if the manifest is a
 * link or cannot be written: then it is unchanged.
 */
export async function saveDraft(
  draft: Draft,
  options: PlanOptions = {},
): Promise<{ readonly version: string; readonly diagnostics: readonly Diagnostic[] }> {
  const { project, content, version } = draft;
  const diagnostics = await validateProject(project, options);
  await replaceManifest({ path: project.paths.manifest, content, version });
  return { version: versionOf(content), diagnostics };
}
