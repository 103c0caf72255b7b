import type { SheetClip, SheetNote } from './data.js';
import type { Dom } from './dom.js';
import type { Format } from './format.js';
import type { NoteDesk } from './service.js';

export type Notes = ReturnType<typeof makeNotes>;

/** What is written about moments of the clip on the screen: each leads to its frame. On a served page, more can be written. */
export function makeNotes(
  { dom, format }: { readonly dom: Dom; readonly format: Format },
  {
    desk,
    go,
    now,
  }: {
    readonly desk: NoteDesk | undefined;
    /** Goes to a moment, in seconds, and pauses there. */
    readonly go: (seconds: number) => void;
    /** The moment that is on the screen, in seconds. */
    readonly now: () => number;
  },
) {
  const { html, button, icons } = dom;
  const list = html('ul', { class: 'notes', 'aria-label': 'Notes' });
  const marks = html('div', { class: 'marks' });
  const field = html('input', {
    type: 'text',
    maxlength: 2000,
    placeholder: 'Note at this frame (N)',
    'aria-label': 'Note at this frame',
    autocomplete: 'off',
  });
  const element = html('div', { class: 'noting' }, list, desk === undefined ? undefined : field);
  let clip: SheetClip | undefined;

  field.addEventListener('keydown', (event) => {
    // The keys of the screening are letters here.
    event.stopPropagation();
    if (event.key === 'Escape') {
      event.preventDefault();
      leave();
    }
    if (event.key === 'Enter' && field.value.trim() !== '' && clip !== undefined) {
      desk?.add(clip, now(), field.value);
      leave();
    }
  });

  function leave(): void {
    field.value = '';
    field.closest('dialog')?.focus();
  }

  /** Shows what is written about a clip. */
  function show(next: SheetClip | undefined): void {
    clip = next;
    const notes = clip?.notes ?? [];
    list.replaceChildren(...notes.map(item));
    list.hidden = notes.length === 0;
    marks.replaceChildren(...notes.map(mark));
  }

  function item(note: SheetNote): HTMLElement {
    const time = button({ class: 'at', title: 'Go there' }, () => go(note.seconds), timeOf(note));
    const remove =
      desk === undefined
        ? undefined
        : button(
            { class: 'remove', 'aria-label': `Remove the note at ${timeOf(note)}` },
            () => desk.remove(note),
            icons.close(),
          );
    return html('li', {}, time, html('span', {}, note.text), remove);
  }

  function mark(note: SheetNote): HTMLElement {
    const sign = html('i', { title: note.text });
    sign.style.setProperty('--at', String(note.seconds / (clip?.seconds ?? 1)));
    return sign;
  }

  function timeOf({ seconds }: SheetNote): string {
    return `${format.counter(seconds)}.${String(Math.floor((seconds % 1) * 10))}`;
  }

  return {
    element,
    marks,
    show,
    /** Pauses, and lets a note be written. */
    write(): void {
      if (desk === undefined || clip === undefined) return;
      go(now());
      field.focus();
    },
  };
}
