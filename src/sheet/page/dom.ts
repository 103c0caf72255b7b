/** An attribute that is `true` stands bare; one that is `false` or `undefined` is left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
export type Child = Node | string | undefined;
export type Dom = ReturnType<typeof makeDom>;

/**
 * Builds elements. Strings become text nodes and attributes, never markup, so that a prompt stays a prompt;
 * styles are set through the CSSOM, since the page's policy allows no style attributes.
 */
export function makeDom() {
  const SVG = 'http://www.w3.org/2000/svg';

  /** An HTML element. */
  function html<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Attributes = {},
    ...children: Child[]
  ): HTMLElementTagNameMap[K] {
    return fill(document.createElement(tag), attributes, children);
  }

  /** An SVG element. */
  function svg<K extends keyof SVGElementTagNameMap>(
    tag: K,
    attributes: Attributes = {},
    ...children: Child[]
  ): SVGElementTagNameMap[K] {
    return fill(document.createElementNS(SVG, tag), attributes, children);
  }

  /** A small drawing beside or instead of a word, in the colour of the text. */
  function icon(path: string): SVGElement {
    return svg(
      'svg',
      { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' },
      svg('path', { d: path }),
    );
  }

  /** A push button that does `act`. */
  function button(attributes: Attributes, act: () => void, ...children: Child[]): HTMLButtonElement {
    const element = html('button', { type: 'button', ...attributes }, ...children);
    element.addEventListener('click', (event) => {
      event.stopPropagation();
      act();
    });
    return element;
  }

  function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== false)
        element.setAttribute(name, value === true ? '' : String(value));
    }
    element.append(...children.filter((child) => child !== undefined));
    return element;
  }

  return { html, svg, icon, button };
}
