import type { Dom } from './dom.js';

/** The list of keys. */
export function makeHelp({ html, button, icons }: Dom, more: readonly (readonly [string, string])[]) {
  const SHEET: readonly (readonly [string, string])[] = [
    ['← ↑ ↓ →', 'move from card to card'],
    ['Space', 'play or pause'],
    ['Enter', 'watch it large'],
    ['P', 'pick the take, or undo the pick'],
    ['C', 'all takes of the shot side by side'],
    ['S', 'screen everything shown, in order'],
    ['1 2 3', 'sheet, shots, run'],
    ['/', 'search'],
    ['M', 'sound on or off'],
    ['T', 'light or dark'],
    ['Esc', 'clear the search and the filters'],
  ];
  const SCREENING: readonly (readonly [string, string])[] = [
    ['← →', 'previous, next'],
    ['↑ ↓', 'among takes side by side'],
    [', .', 'one frame back or forward, in all clips'],
    ['B', 'beside what was made before'],
    ['N', 'write a note at this frame, where the page is served'],
    ['F', 'full screen'],
    ['Esc', 'back to the sheet'],
  ];
  const dialog = html(
    'dialog',
    { class: 'help', 'aria-label': 'Keys' },
    button({ class: 'round', 'aria-label': 'Close' }, () => dialog.close(), icons.close()),
    html('h2', {}, 'On the sheet'),
    list([...SHEET, ...more]),
    html('h2', {}, 'In the screening'),
    list(SCREENING),
  );
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener('close', () => dialog.remove());

  function list(keys: readonly (readonly [string, string])[]): HTMLElement {
    return html(
      'dl',
      {},
      ...keys.flatMap(([key, does]) => [html('dt', {}, html('kbd', {}, key)), html('dd', {}, does)]),
    );
  }

  function open(): void {
    document.body.append(dialog);
    dialog.showModal();
  }

  return { open };
}
