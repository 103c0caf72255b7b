export type Memory = ReturnType<typeof makeMemory>;

/**
 * What the page remembers between visits. A browser may refuse storage to a page opened from the disk, or
 * have none left: then it is remembered until the page is closed, and `lasting` is false.
 */
export function makeMemory(owner: string) {
  const fallback = new Map<string, string>();
  let lasting = true;

  /** The value stored under a name, or undefined; of any shape, because anyone may have written it. */
  function read(name: string): unknown {
    let text: string | null | undefined;
    try {
      text = localStorage.getItem(`${owner}: ${name}`);
    } catch {
      lasting = false;
    }
    text ??= fallback.get(name);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  function write(name: string, value: unknown): void {
    const text = JSON.stringify(value);
    fallback.set(name, text);
    try {
      localStorage.setItem(`${owner}: ${name}`, text);
    } catch {
      lasting = false;
    }
  }

  return { read, write, isLasting: () => lasting };
}
