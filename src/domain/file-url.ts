/**
 * The URL of a file: relative, for a document that lies where the path begins, or of this disk where the path is absolute. Each
 * segment is encoded by itself, so that
 * `#`, `?`, `%` and spaces in a name stay part of the name and no path can be taken for a scheme.
 */
export function fileUrl(path: string): string {
  // encodeURIComponent throws on half a surrogate pair, which a damaged file name may hold.
  const segments = path
    .replace(/[\ud800-\udfff]/gu, '\ufffd')
    .split('/')
    .map(encodeURIComponent);
  const url = segments.join('/');
  if (path.startsWith('//')) return `file:${url}`;
  if (path.startsWith('/')) return `file://${url}`;
  return /^[a-z]:\//i.test(path) ? `file:///${path.slice(0, 2)}${url.slice(4)}` : url;
}
