/*
 * Loaded into a run from outside (`node --import`), so that the program itself needs no place for tests to reach into:
 * something happens at the n-th operation that changes the disk.
 *
 *   DISK_FAULT=kill:7      the process dies right before its seventh operation
 *   DISK_FAULT=tear:7      … in the midst of it: half of what was to be written is on the disk
 *   DISK_FAULT=full:7      from the seventh on the disk takes nothing more (ENOSPC); files can still be renamed and removed
 *   DISK_FAULT=readonly:7  from the seventh on nothing on the disk can be changed (EROFS)
 *   DISK_FAULT=once:7      the seventh fails (EIO), and all after it work again
 *   DISK_FAULT=at:{"before":"rename","path":"\\.lock\\.json$"}
 *                          the process dies right before it renames something to such a path the first time;
 *                          with "holding":"text" only where that is in what is to be written, with "after":"text" only
 *                          when that has been written somewhere, with "torn":true in the midst of it
 *   DISK_FAULT_LINKS=none  the disk knows no hard links (EPERM), like exFAT
 *   DISK_FAULT_COUNT=FILE  gets the number of operations when the process ends by itself
 */
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [, fault = '', at = '0'] = /^(\w*):?(.*)$/.exec(process.env.DISK_FAULT ?? '') ?? [];
const ambush = fault === 'at' ? JSON.parse(at) : undefined;
const countFile = process.env.DISK_FAULT_COUNT;
const hasLinks = process.env.DISK_FAULT_LINKS !== 'none';
const { writeFileSync } = fs;
let count = 0;
/** Whether what the ambush waits for has been written. */
let isLate = false;
/** What each open file was opened as. */
const paths = new WeakMap();

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
const tearPiece = (write, file, data, start = 0, length = data.length - start, position = null) =>
  write.call(file, data, start, Math.floor(length / 2), position);
const tearPath = (write, _, path, data, ...rest) => write(path, half(Buffer.from(data)), ...rest);
/** A copy that shares its bytes with the first is made as a whole, or not at all. */
const tearCopy = (copy, _, from, to, mode = 0) => {
  if ((mode & fs.constants.COPYFILE_FICLONE_FORCE) === 0) writeFileSync(to, half(fs.readFileSync(from)));
};
const isForWriting = (_, flags = 'r') =>
  typeof flags === 'number'
    ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0
    : /[wax+]/.test(flags);
const grows = true;

guard(fileMethods, 'writeFile', { grows, tear: tearFile });
guard(fileMethods, 'writev', { grows, tear: tearPieces });
guard(fileMethods, 'write', { grows, tear: tearPiece });
for (const name of ['datasync', 'sync']) guard(fileMethods, name, { grows });
guard(fileMethods, 'truncate');
guard(fsp, 'writeFile', { grows, tear: tearPath });
guard(fsp, 'open', { grows, isCounted: isForWriting });
for (const name of ['appendFile', 'mkdir', 'link']) guard(fsp, name, { grows });
for (const name of ['rename', 'rm', 'unlink', 'utimes']) guard(fsp, name);
guardSync('writeFileSync', { grows, tear: tearPath });
guardSync('openSync', { grows, isCounted: isForWriting });
guardSync('copyFileSync', { grows, tear: tearCopy });
for (const name of ['mkdirSync', 'linkSync', 'writeSync', 'fsyncSync']) guardSync(name, { grows });
for (const name of ['renameSync', 'rmSync', 'rmdirSync', 'unlinkSync', 'chmodSync', 'utimesSync'])
  guardSync(name);
guardCallback('fsync', { grows });
syncBuiltinESMExports();

/** Puts the fault before an operation of `holder`. `tear` does half of it. */
function guard(holder, name, options = {}) {
  const original = holder[name];
  holder[name] = async function (...words) {
    if (counts(options, words)) {
      const deed = { name, path: pathOf(this, words), words };
      if (isTorn(deed)) await options.tear?.(original, this, ...words);
      meetFault(deed, options);
    }
    const result = await original.apply(this, words);
    if (holder === fsp && name === 'open') paths.set(result, words[0]);
    return result;
  };
}

function guardSync(name, options = {}) {
  const original = fs[name];
  fs[name] = (...words) => {
    if (counts(options, words)) {
      const deed = { name: name.replace(/Sync$/, ''), path: pathOf(fs, words), words };
      if (isTorn(deed)) options.tear?.(original, fs, ...words);
      meetFault(deed, options);
    }
    return original(...words);
  };
}

function guardCallback(name, options) {
  const original = fs[name];
  fs[name] = (...words) => {
    try {
      if (counts(options, words)) meetFault({ name, path: '', words }, options);
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

/** What an operation makes, changes or removes: of two paths the second. */
function pathOf(file, [first, second]) {
  const path = paths.get(file) ?? (typeof second === 'string' && second.startsWith('/') ? second : first);
  return typeof path === 'string' ? path : '';
}

function isTorn(deed) {
  return (fault === 'tear' && count === Number(at)) || (ambush?.torn === true && isAmbushed(deed));
}

function isAmbushed({ name, path, words: [content] }) {
  if (ambush === undefined) return false;
  const holds = (text) => /^write/.test(name) && Buffer.from(content).includes(text);
  if (ambush.after !== undefined && holds(ambush.after)) isLate = true;
  if (ambush.before !== name || !new RegExp(ambush.path).test(path)) return false;
  return (ambush.after === undefined || isLate) && (ambush.holding === undefined || holds(ambush.holding));
}

/** Dies, or throws what the disk refuses with. */
function meetFault(deed, options) {
  const isDeath = (fault === 'kill' || fault === 'tear') && count === Number(at);
  if (isDeath || isAmbushed(deed)) process.kill(process.pid, 'SIGKILL');
  const { name } = deed;
  const refusal = /^link/.test(name) && !hasLinks ? 'EPERM' : refusalOf(options);
  if (refusal) throw Object.assign(new Error(`${refusal}, ${name}`), { code: refusal, syscall: name });
}

function refusalOf(options) {
  if (fault === 'once' && count === Number(at)) return 'EIO';
  if (count < Number(at)) return undefined;
  if (fault === 'readonly') return 'EROFS';
  return fault === 'full' && options.grows ? 'ENOSPC' : undefined;
}
