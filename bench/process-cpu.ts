import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts a process's time in hundredths of a second. */
const TICK_MS = 10;

/**
 * What a process and those it has started, as far as they are its direct children, have used of the CPU, milliseconds; also those that
 * have ended. Needs /proc.
 */
export function treeCpuMs(parent: number): number {
  const own = statOf(parent);
  let ticks = own.used + own.ofEnded;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const { parent: of, used } = statOf(Number(name));
      if (of === parent) ticks += used;
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks * TICK_MS;
}

/** Who has started a process. */
export function parentOf(pid: number): number {
  return statOf(pid).parent;
}

function statOf(pid: number) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Its name stands in parentheses, and may contain anything.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const at = (index: number) => fields[index] ?? 0;
  return { parent: at(1), used: at(11) + at(12), ofEnded: at(13) + at(14) };
}
