import type { Diagnostic } from '../domain/diagnostic.js';
import { isLoopback } from '../domain/loopback.js';
import type { Take } from '../domain/take.js';
import { findFrameTool } from '../media/frame-tool.js';
import { TOOL_HINT } from '../media/run-tool.js';
import { isPrivateHost } from '../gateway/address.js';
import { unsignedUrl } from '../shot/unsigned-url.js';
import { inputUses, oncePerPlace } from './input-uses.js';
import type { Project } from './project.js';

/** An error for each shot that is made from a frame of another one, where nothing can take frames from clips. */
export async function frameToolMissing(project: Project, takes: readonly Take[]): Promise<Diagnostic[]> {
  const users = takes.filter(({ frames, references }) =>
    [...frames, ...references].some(({ source }) => source.kind === 'shot'),
  );
  if (users.length === 0 || (await findFrameTool(project.env))) return [];
  const perShot = new Map(users.map((take) => [take.shot_index, take]));
  return [...perShot.values()].map((take): Diagnostic => {
    const at = project.locate(take, take.frames[0]?.frame_type ?? 'references');
    const message = `${take.manifest_id} is made from a frame of another clip, and taking it needs ffmpeg`;
    const place = at ? { at } : {};
    return {
      code: 'frame-tool-missing',
      severity: 'error',
      message,
      hint: TOOL_HINT,
      shot: take.shot,
      ...place,
    };
  });
}

/** Asks every remote input of what is to be bought whether it is there, as a provider would. */
export async function preflight(
  project: Project,
  takes: readonly Take[],
  signal: AbortSignal,
): Promise<Diagnostic[]> {
  const uses = takes
    .flatMap((take) => inputUses(take, 'url'))
    .filter(({ address }) => !isServedBySandbox(project, address));
  if (uses.length === 0) return [];
  const { preflightUrls } = await import('../gateway/preflight.js');
  const problems = await preflightUrls({
    urls: uses.map(({ address, media }) => ({ url: address, media })),
    allowPrivate: reachesPrivate(project),
    proxyEnv: project.env,
    clock: project.clock,
    signal,
  });
  return oncePerPlace(project.locate, uses, ({ address }) => {
    const problem = problems.get(address);
    const hint = 'fix the address, or skip this check with --no-preflight';
    return problem && { ...problem, severity: 'error', hint };
  });
}

/** What an address alone tells, with nobody asked: a remote gateway cannot reach a private one. */
export function privateInputs(project: Project, takes: readonly Take[]): Diagnostic[] {
  if (reachesPrivate(project)) return [];
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
  return target.kind === 'sandbox' && URL.canParse(url) && new URL(url).hostname === 'sandbox.localhost';
}

/** A gateway on this machine reaches what this machine reaches. */
function reachesPrivate({ target }: Project): boolean {
  return target.baseUrl === undefined || isLoopback(new URL(target.baseUrl).hostname);
}
