/** An element as a strict reader sees it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads an XML document by the letters of the recommendation, as far as ours use it: no text between elements. Throws where it is not
 * well-formed. A reader of its own, so that what writes XML is not what judges it.
 */
export function readXml(text: string): { readonly doctype: string | undefined; readonly root: XmlElement } {
  let rest = text;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const found = pattern.exec(rest);
    if (found?.index !== 0) return undefined;
    rest = rest.slice(found[0].length);
    return found;
  };
  const fail = (): never => {
    throw new Error(`not well-formed at ${JSON.stringify(rest.slice(0, 60))}`);
  };
  const space = () => take(/[ \t\r\n]*/);
  const value = (raw: string): string =>
    // A parser makes a space of a line break that is not escaped.
    raw.replace(/[\t\r\n]/g, ' ').replace(/&(?:#x([\dA-Fa-f]+)|#(\d+)|(\w+));|&/g, (_, hex, dec, name) => {
      if (hex) return String.fromCodePoint(parseInt(String(hex), 16));
      if (dec) return String.fromCodePoint(Number(dec));
      return ENTITIES[String(name)] ?? fail();
    });
  const element = (): XmlElement => {
    const [, name = ''] = take(/<([A-Za-z][\w-]*)/) ?? fail();
    const attributes: Record<string, string> = {};
    for (let found = attribute(); found; found = attribute()) {
      const [, key = '', raw = ''] = found;
      if (key in attributes) fail();
      attributes[key] = value(raw);
    }
    space();
    if (take(/\/>/)) return { name, attributes, children: [] };
    if (!take(/>/)) fail();
    const children: XmlElement[] = [];
    for (space(); !rest.startsWith('</'); space()) children.push(element());
    const [, closed] = take(/<\/([\w-]+)>/) ?? fail();
    if (closed !== name) fail();
    return { name, attributes, children };
  };
  const attribute = () => take(/[ \t\r\n]+([A-Za-z][\w-]*)="([^"<]*)"/);
  // eslint-disable-next-line no-control-regex -- these are what XML forbids
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)) fail();
  if (!take(/<\?xml version="1\.0" encoding="UTF-8"\?>/)) fail();
  space();
  const doctype = take(/<!DOCTYPE ([\w-]+)>/)?.[1];
  space();
  const root = element();
  space();
  if (rest !== '') fail();
  return { doctype, root };
}

/** All elements of a name, in the order of the document. */
export function elementsOf(root: XmlElement, name: string): XmlElement[] {
  return [
    ...(root.name === name ? [root] : []),
    ...root.children.flatMap((child) => elementsOf(child, name)),
  ];
}
