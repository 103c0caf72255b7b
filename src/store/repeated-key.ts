const TOKEN = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[{}]/g;

/**
 * A key that occurs twice in one object of a JSON text, and its line; undefined if there is none. JSON.parse silently keeps only
 * the last value. A merge of texts makes such keys if shots were renamed.
 */
export function repeatedKey(text: string): { readonly key: string; readonly line: number } | undefined {
  const open: Set<string>[] = [];
  for (const { 0: token, 1: key = '', 2: colon, index } of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined) {
      const keys = open.at(-1);
      if (keys?.has(key)) return { key, line: text.slice(0, index).split('\n').length };
      keys?.add(key);
    }
  }
  return undefined;
}
