import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { errnoOf } from '../disk-error.js';
import { isRecord } from '../domain/is-record.js';

/** A process on a machine. Facts that the system does not give are absent. */
export interface ProcessIdentity {
  readonly host: string;
  /** Distinguishes machines of the same name: a hash of the machine's own id. */
  readonly machine?: string;
  /** Changes with each start of the machine. */
  readonly boot?: string;
  /** Containers number their processes separately. */
  readonly pid_namespace?: string;
  readonly pid: number;
  /** When the process started, in the system's own words. The system reuses a process id, but not with the same start. */
  readonly process_started?: string;
}

const WORDS = ['machine', 'boot', 'pid_namespace', 'process_started'];

/** Whether what a file says can be an identity. */
export function isIdentity(value: unknown): value is ProcessIdentity {
  if (!isRecord(value) || typeof value['host'] !== 'string') return false;
  const { pid } = value;
  return (
    Number.isSafeInteger(pid) &&
    Number(pid) >= 0 &&
    WORDS.every((word) => !Object.hasOwn(value, word) || typeof value[word] === 'string')
  );
}

/** This process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const [machine, boot, namespace, start] = await Promise.all([
    firstLine('/etc/machine-id'),
    firstLine('/proc/sys/kernel/random/boot_id'),
    readlink('/proc/self/ns/pid').catch(() => undefined),
    startOf(process.pid),
  ]);
  return {
    host: hostname(),
    ...(machine && { machine: hashed(machine) }),
    ...(boot && { boot }),
    ...(namespace && { pid_namespace: namespace }),
    pid: process.pid,
    ...(start && { process_started: start }),
  };
}

/**
 * Whether a process still runs, as far as this process can know; in doubt it does. `elsewhere`: on another machine, or in a
 * container whose processes this one cannot see. `another_boot`: on this machine before a restart, and dead; or on a copy of this
 * machine with the same names, and perhaps at work. Only a heartbeat tells the difference.
 */
export async function whereaboutsOf(
  one: ProcessIdentity,
  self: ProcessIdentity,
): Promise<'alive' | 'dead' | 'elsewhere' | 'another_boot'> {
  if (one.host !== self.host || differ(one.machine, self.machine)) return 'elsewhere';
  if (differ(one.boot, self.boot)) return 'another_boot';
  if (differ(one.pid_namespace, self.pid_namespace)) return 'elsewhere';
  if (!isAlive(one.pid)) return 'dead';
  const start = await startOf(one.pid);
  return start === null || differ(one.process_started, start) ? 'dead' : 'alive';
}

/** Two facts differ only if both are known. */
function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

/** Whether this machine has a process of this id that we can see. */
export function isAlive(pid: number): boolean {
  try {
    // Signal 0 is never delivered: it only checks.
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** When a process started; null if it has ended and is a zombie; undefined if the system does not tell. */
async function startOf(pid: number): Promise<string | null | undefined> {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

/** Fields 3 and 22 of /proc/PID/stat: state, and start in clock ticks since boot. See proc(5). */
async function startFromProc(pid: number): Promise<string | null | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field, the name, may contain spaces and brackets: count from its end.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return isEnded(fields?.[0]) ? null : fields?.[19];
}

async function startFromPs(pid: number): Promise<string | null | undefined> {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const asked = promisify(execFile)('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { env });
  const { stdout } = await asked.catch(() => ({ stdout: '' }));
  const [state, ...start] = stdout.trim().split(/\s+/);
  return isEnded(state) ? null : start.join(' ') || undefined;
}

/** Zombies and dead processes keep their id until their parent has read their exit status. */
function isEnded(state: string | undefined): boolean {
  return state !== undefined && /^[ZX]/.test(state);
}

async function firstLine(path: string): Promise<string | undefined> {
  const content = await readFile(path, 'utf8').catch(() => '');
  return content.split('\n')[0]?.trim();
}

/** machine-id(5) asks programs not to expose the id itself. */
function hashed(machineId: string): string {
  return createHash('sha256').update(`dailies ${machineId}`).digest('hex').slice(0, 16);
}
