import { resolve } from 'node:path';
import { systemClock, type Clock } from '../../clock.js';
import { findFrameTool } from '../../media/frame-tool.js';
import { TOOL_HINT } from '../../media/run-tool.js';
import {
  isBucketAddress,
  parseBucketAddress,
  shownAddress,
  type BucketAddress,
} from '../../store/bucket/address.js';
import { probeBucket } from '../../store/bucket/probe.js';
import { DailiesError, messageOf } from '../../errors.js';
import { canShareBytes, freeBytes } from '../../store/disk-space.js';
import { ok, problem, warning, type Check } from './doctor-check.js';
import { checkNetwork } from './doctor-network.js';
import { gatewayTarget, parseGatewayOption } from '../project/gateway-target.js';
import type { KeyFile } from '../../store/key-file.js';

export interface DoctorOptions {
  /** A preset's name or a base URL; openrouter if absent. */
  readonly gateway?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Keys that the environment lacks. */
  readonly keys?: KeyFile;
  /** The folder or bucket for clips, as in `--clips`. */
  readonly clips?: string;
  /** The folder whose disk the clips would fill. */
  readonly folder: string;
  readonly nodeVersion: string;
  readonly clock?: Clock;
  readonly signal: AbortSignal;
}

/** Checks all that a run needs. The key goes only to its own gateway and is shown nowhere. Throws `usage`. */
export async function examineSetup(options: DoctorOptions): Promise<readonly Check[]> {
  const target = gatewayTarget(
    parseGatewayOption(options.gateway ?? 'openrouter', { kind: 'openrouter' }),
    options.env,
    options,
  );
  const { clips = '', clock = systemClock } = options;
  const bucket = isBucketAddress(clips) ? parseBucketAddress(clips) : undefined;
  const [network, disk, stored, frames] = await Promise.all([
    checkNetwork(target, { ...options, clock }),
    checkDisk(options, bucket !== undefined),
    bucket ? checkBucket(bucket, clock) : [],
    checkFrames(options.env),
  ]);
  return [checkNode(options.nodeVersion), ...network, disk, ...stored, frames];
}

/** What `engines.node` of the package asks for. */
const OLDEST_NODE = [20, 18, 1] as const;

function checkNode(version: string): Check {
  const parts = version.replace(/^v/, '').split('.').map(Number);
  const difference =
    OLDEST_NODE.map((oldest, index) => (parts[index] ?? 0) - oldest).find((by) => by !== 0) ?? 0;
  if (difference >= 0) return ok('node', version);
  const oldest = OLDEST_NODE.join('.');
  const fix = `install Node.js ${oldest} or newer: https://nodejs.org`;
  return problem('node', `${version} is older than ${oldest}`, fix);
}

const LITTLE_SPACE_BYTES = 2e9;

async function checkBucket(address: BucketAddress, clock: Clock): Promise<readonly Check[]> {
  try {
    await probeBucket(address, { clock, patienceMs: 0 });
    return [ok('bucket', `${shownAddress(address)} stores clips and returns them`)];
  } catch (error) {
    return [problem('bucket', messageOf(error), error instanceof DailiesError ? error.hint : undefined)];
  }
}

async function checkDisk({ folder, env, clips }: DoctorOptions, hasBucket: boolean): Promise<Check> {
  const store = resolve(folder, hasBucket ? '.dailies' : (clips ?? '.dailies'));
  const output = resolve(folder, env['DAILIES_OUTPUT'] ?? 'renders');
  if (!hasBucket && !(await canShareBytes(store, output))) {
    const message =
      'clips and their names are on different disks, or on one without links: each clip takes its space twice';
    return warning('disk', message, 'put both on one disk, with --clips or --output');
  }
  const free = await freeBytes(folder);
  if (free === undefined) return warning('disk', 'does not report its free space');
  const message = `${(free / 1e9).toFixed(1)} GB free`;
  if (free >= LITTLE_SPACE_BYTES) return ok('disk', message);
  return warning('disk', message, 'make room, or name another folder with --output');
}

async function checkFrames(env: NodeJS.ProcessEnv): Promise<Check> {
  const tool = await findFrameTool(env);
  if (tool !== undefined) return ok('frames', `${tool.name} decodes video`);
  const message = 'no tool here decodes video: shots cannot start from frames of other shots';
  return warning('frames', message, TOOL_HINT);
}
