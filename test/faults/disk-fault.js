/*
 * Loaded into a run from outside (`node --import`), so that the program itself needs no place for tests to reach into:
 * something happens at the n-th operation that changes the disk.
 *
 *   DISK_FAULT=kill:7      the process dies right before its seventh operation
 *   DISK_FAULT=tear:7      … in the midst of it: half of what was to be written is on the disk
 *   DISK_FAULT=full:7      from the seventh on the disk takes nothing more (ENOSPC); files can still be renamed and removed
 *   DISK_FAULT=readonly:7  from the seventh on nothing on the disk can be changed (EROFS)
 *   DISK_FAULT=once:7      the seventh fails (EIO), and all after it work again
 *   DISK_FAULT_LINKS=none  the disk knows no hard links (EPERM), like exFAT
 *   DISK_FAULT_COUNT=FILE  gets the number of operations when the process ends by itself
 */
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [fault = '', at = '0'] = (process.env.DISK_FAULT ?? '').split(':');
const countFile = process.env.DISK_FAULT_COUNT;
const hasLinks = process.env.DISK_FAULT_LINKS !== 'none';
const { writeFileSync } = fs;
let count = 0;

process.on('exit', () => {
  if (countFile) writeFileSync(countFile, String(count));
});

const handle = await fsp.open('/dev/null');
const fileMethods = Object.getPrototypeOf(handle);
await handle.close();

const half = (data) => data.subarray(0, Math.floor(data.length / 2));
const tearFile = (write, file, data, ...rest) => write.call(file, half(Buffer.from(data)), ...rest);
const tearPieces = (write, file, pieces, position) =>
  write.call(file, [half(Buffer.concat(pieces))], position);
const tearPath = (write, _, path, data, ...rest) => write(path, half(Buffer.from(data)), ...rest);
const isForWriting = (_, flags = 'r') =>
  typeof flags === 'number'
    ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0
    : /[wax+]/.test(flags);
const grows = true;

guard(fileMethods, 'writeFile', { grows, tear: tearFile });
guard(fileMethods, 'writev', { grows, tear: tearPieces });
for (const name of ['write', 'datasync', 'sync']) guard(fileMethods, name, { grows });
guard(fileMethods, 'truncate');
guard(fsp, 'writeFile', { grows, tear: tearPath });
guard(fsp, 'open', { grows, isCounted: isForWriting });
for (const name of ['appendFile', 'mkdir', 'link']) guard(fsp, name, { grows });
for (const name of ['rename', 'rm', 'unlink']) guard(fsp, name);
guardSync('writeFileSync', { grows, tear: tearPath });
guardSync('openSync', { grows, isCounted: isForWriting });
for (const name of ['mkdirSync', 'linkSync', 'writeSync', 'fsyncSync']) guardSync(name, { grows });
for (const name of ['renameSync', 'rmSync', 'unlinkSync']) guardSync(name);
guardCallback('fsync', { grows });
syncBuiltinESMExports();

/** Puts the fault before an operation of `holder`. `tear` does half of it. */
function guard(holder, name, options = {}) {
  const original = holder[name];
  holder[name] = async function (...words) {
    if (counts(options, words)) {
      if (isTorn()) await options.tear?.(original, this, ...words);
      meetFault(name, options);
    }
    return original.apply(this, words);
  };
}

function guardSync(name, options = {}) {
  const original = fs[name];
  fs[name] = (...words) => {
    if (counts(options, words)) {
      if (isTorn()) options.tear?.(original, fs, ...words);
      meetFault(name, options);
    }
    return original(...words);
  };
}

function guardCallback(name, options) {
  const original = fs[name];
  fs[name] = (...words) => {
    try {
      if (counts(options, words)) meetFault(name, options);
    } catch (error) {
      words.at(-1)(error);
      return;
    }
    original(...words);
  };
}

function counts({ isCounted = () => true }, words) {
  if (!isCounted(...words)) return false;
  count += 1;
  return true;
}

function isTorn() {
  return fault === 'tear' && count === Number(at);
}

/** Dies, or throws what the disk refuses with. */
function meetFault(name, options) {
  if (count === Number(at) && (fault === 'kill' || fault === 'tear')) process.kill(process.pid, 'SIGKILL');
  const refusal = /^link/.test(name) && !hasLinks ? 'EPERM' : refusalOf(options);
  if (refusal) throw Object.assign(new Error(`${refusal}, ${name}`), { code: refusal, syscall: name });
}

function refusalOf(options) {
  if (fault === 'once' && count === Number(at)) return 'EIO';
  if (count < Number(at)) return undefined;
  if (fault === 'readonly') return 'EROFS';
  return fault === 'full' && options.grows ? 'ENOSPC' : undefined;
}
