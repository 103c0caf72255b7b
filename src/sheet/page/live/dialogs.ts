import type { Child, Dom } from '../dom.js';

export type Dialogs = ReturnType<typeof makeDialogs>;

/** Opens dialogs over the page, one at a time. Esc and the cross close them; Enter does nothing by itself. */
export function makeDialogs({ html, button, icons }: Dom) {
  let open: HTMLDialogElement | undefined;

  function show(title: string, ...content: Child[]): HTMLDialogElement {
    open?.close();
    const dialog = html(
      'dialog',
      { class: 'question', 'aria-labelledby': 'question-title', tabindex: -1 },
      button({ class: 'round', 'aria-label': 'Close' }, () => dialog.close(), icons.close()),
      html('h2', { id: 'question-title' }, title),
      ...content,
    );
    open = dialog;
    dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (open === dialog) open = undefined;
    });
    document.body.append(dialog);
    dialog.showModal();
    // No button has the focus: a key that was meant for the page must not press one.
    dialog.focus();
    return dialog;
  }

  /** What the server objected, with what to do about it. */
  function objection(error: unknown): HTMLElement {
    const { message, hint } = wordsOf(error);
    return html(
      'p',
      { class: 'told error', role: 'alert' },
      icons.warning(),
      html('span', {}, message, hint === undefined ? undefined : html('i', {}, hint)),
    );
  }

  function wordsOf(error: unknown): { message: string; hint: string | undefined; code: string | undefined } {
    if (!(error instanceof Error)) return { message: String(error), hint: undefined, code: undefined };
    const cause = error.cause as { hint?: string; code?: string } | undefined;
    return { message: error.message, hint: cause?.hint, code: cause?.code };
  }

  return { show, objection, wordsOf };
}
