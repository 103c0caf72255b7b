import type { StateGroup } from './data.js';

/** An attribute that is `true` has no value; one that is `false` or `undefined` is left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
export type Child = Node | string | undefined;
export type Dom = ReturnType<typeof makeDom>;

/**
 * Builds elements, and the page's few drawings. Strings become text nodes and attributes, never markup, so that a
 * prompt stays a prompt; styles are set through the CSSOM, since the page's policy allows no style attributes.
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

  const STATES: Readonly<Record<StateGroup, string>> = {
    delivered: 'M3 8.5l3.2 3.2L13 4.6',
    failed: 'M4 4l8 8M12 4l-8 8',
    held: 'M5.2 6a2.8 2.8 0 1 1 4.4 2.3C8.5 9 8 9.4 8 10.5M8 13v.2',
    active:
      'M8 2.5v2M8 11.5v2M2.5 8h2M11.5 8h2M4.1 4.1l1.4 1.4M10.5 10.5l1.4 1.4M4.1 11.9l1.4-1.4M10.5 5.5l1.4-1.4',
    blocked: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M4.2 11.8l7.6-7.6',
    missing: 'M4 8h8',
  };

  /** The drawings, on a grid of 16. Each is beside words or in a button that has a name. */
  const icons = {
    state: (group: StateGroup) => icon(STATES[group]),
    play: () => icon('M5 3.2v9.6l7.6-4.8z'),
    pause: () => icon('M5.5 3.5v9M10.5 3.5v9'),
    warning: () => icon('M8 2.5l6 10.8H2zM8 6.5v3M8 11.4v.2'),
    close: () => icon('M4 4l8 8M12 4l-8 8'),
    previous: () => icon('M10 3.5L5.5 8l4.5 4.5'),
    next: () => icon('M6 3.5L10.5 8L6 12.5'),
    sideBySide: () => icon('M2 4h5.3v8H2zM8.7 4H14v8H8.7z'),
    whole: () => icon('M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10'),
    sound: () =>
      icon('M2.5 6.2v3.6h2.3L8 12.6V3.4L4.8 6.2zM10.5 5.8a3 3 0 0 1 0 4.4M12.3 4a5.5 5.5 0 0 1 0 8'),
    silence: () => icon('M2.5 6.2v3.6h2.3L8 12.6V3.4L4.8 6.2zM10.5 6.2l3.6 3.6M14.1 6.2l-3.6 3.6'),
    light: () => icon('M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 2.5v11M10 3.4v9.2M12 4.5v7'),
    /** A ring as a grease pencil draws it on a contact print: not quite round, and its ends overlap. */
    circle: () =>
      svg(
        'svg',
        { class: 'ring', viewBox: '0 0 40 40', 'aria-hidden': 'true' },
        svg('path', {
          d: 'M27 5.5C17 2.2 6 8.5 4.6 18.5C3.2 29 12.5 36.6 22 35.6C31.8 34.6 37.6 25.5 35 16C32.8 8 23.5 3 13 6.8',
        }),
      ),
  };

  /** A small drawing beside or instead of a word, in the colour of the text. */
  function icon(path: string): SVGElement {
    return svg(
      'svg',
      { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' },
      svg('path', { d: path }),
    );
  }

  /** A button that calls `act`. */
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

  return { html, svg, icons, button };
}
