import type { Diagnostic } from '../../domain/diagnostic.js';
import { isOnThisMachine } from '../../domain/loopback.js';
import type { Take } from '../../domain/take.js';
import { findFrameTool } from '../../media/frame-tool.js';
import { LARGEST_INPUT_BYTES, megabytes } from '../../media/local-input.js';
import { TOOL_HINT } from '../../media/run-tool.js';
import { isPrivateHost } from '../../gateway/address.js';
import { ASSET_HOST } from '../../sandbox/assets.js';
import { unsignedUrl } from '../../domain/unsigned-url.js';
import { inputUses, oncePerPlace } from '../project/input-uses.js';
import type { Project } from '../project/project.js';

/** An error for each shot that is made from a frame of another one, if no tool can take frames from clips. */
export async function frameToolMissing(project: Project, takes: readonly Take[]): Promise<Diagnostic[]> {
  const users = takes.filter(({ frames, references }) =>
    [...frames, ...references].some(({ source }) => source.kind === 'shot'),
  );
  if (users.length === 0 || (await findFrameTool(project.env))) return [];
  return oncePerShot(project, users, (take) => {
    const message = `${take.manifest_id} is made from a frame of another clip, and taking it needs ffmpeg`;
    return { code: 'frame-tool-missing', severity: 'error', message, hint: TOOL_HINT };
  });
}

/** An error for each shot whose local inputs are more than one request can carry: they all travel in its body. */
export function oversized(project: Project, takes: readonly Take[]): Diagnostic[] {
  const bytesOf = (take: Take): number => {
    let bytes = 0;
    for (const { address } of inputUses(take, 'file')) bytes += project.inputs.get(address)?.bytes ?? 0;
    return bytes;
  };
  const tooLarge = takes.filter((take) => bytesOf(take) > LARGEST_INPUT_BYTES);
  return oncePerShot(project, tooLarge, (take) => {
    const message = `the local inputs of ${take.manifest_id} have ${megabytes(bytesOf(take))} MB together; at most ${megabytes(LARGEST_INPUT_BYTES)} MB can be sent`;
    const hint = 'shrink them, or give https URLs';
    return { code: 'file-too-large', severity: 'error', message, hint };
  });
}

/** What is wrong with the inputs of some takes, once for each shot of the manifest. */
function oncePerShot(
  project: Project,
  takes: readonly Take[],
  diagnose: (take: Take) => Diagnostic,
): Diagnostic[] {
  const perShot = new Map(takes.map((take) => [take.shot_index, take]));
  return [...perShot.values()].map((take) => {
    const at = project.locate(take, take.frames[0]?.frame_type ?? 'references');
    return { ...diagnose(take), shot: take.shot, ...(at ? { at } : {}) };
  });
}

/** Checks every remote input of the takes to buy, as a provider would fetch it. */
export async function preflight(
  project: Project,
  takes: readonly Take[],
  signal: AbortSignal,
): Promise<Diagnostic[]> {
  const uses = takes
    .flatMap((take) => inputUses(take, 'url'))
    .filter(({ address }) => !isServedBySandbox(project, address));
  if (uses.length === 0) return [];
  const { inputKey, preflightUrls } = await import('../../gateway/preflight.js');
  const problems = await preflightUrls({
    urls: uses.map(({ address, media }) => ({ url: address, media })),
    // A gateway on this machine reaches what this machine reaches.
    allowPrivate: isOnThisMachine(project.target.baseUrl),
    proxyEnv: project.env,
    clock: project.clock,
    signal,
  });
  return oncePerPlace(project.locate, uses, ({ address, media }) => {
    const problem = problems.get(inputKey({ url: address, media }));
    if (!problem) return undefined;
    const { code, message, isUnanswered } = problem;
    return project.target.kind === 'sandbox' && isUnanswered
      ? { code, message, severity: 'warning', hint: STOOD_IN }
      : { code, message, severity: 'error', hint: 'fix the address, or skip this check with --no-preflight' };
  });
}

/** A rehearsal needs no network. */
const STOOD_IN =
  'the sandbox draws a picture with the address instead; a run at a real gateway needs the input';

/** What an address alone tells, with nobody asked: a remote gateway cannot reach a private one. */
export function privateInputs(project: Project, takes: readonly Take[]): Diagnostic[] {
  if (isOnThisMachine(project.target.baseUrl)) return [];
  const uses = takes
    .flatMap((take) => inputUses(take, 'url'))
    .filter(({ address }) => URL.canParse(address) && isPrivateHost(new URL(address).hostname));
  return oncePerPlace(project.locate, uses, ({ address }) => {
    const message = `${unsignedUrl(address)} is a private address, which ${project.target.name} cannot reach`;
    const hint = 'give a public address, or name the file as a local one';
    return { code: 'private-url', severity: 'error', message, hint };
  });
}

/** The sandbox draws these itself, under a name that stands for it whatever its port. */
function isServedBySandbox({ target }: Project, url: string): boolean {
  return target.kind === 'sandbox' && URL.canParse(url) && new URL(url).hostname === ASSET_HOST;
}
