import { randomBytes } from 'node:crypto';
import { isoNow } from '../../clock.js';
import { outputsOf } from '../../domain/attempt.js';
import { LONGEST_NOTE, type Note } from '../../domain/note.js';
import { DailiesError } from '../../errors.js';
import type { ShotState } from '../../store/shot-state.js';
import { notesPath, readNotesFile, writeNotesFile } from '../../store/notes-file.js';
import { createTurns } from '../../store/turns.js';
import type { Project } from '../project/project.js';

/** All notes of a project. Throws `file-unusable` and `disk`. */
export function readNotes({ paths }: Pick<Project, 'paths'>): Promise<readonly Note[]> {
  return readNotesFile(notesPath(paths.lockfile));
}

/** What a person writes about a moment of a clip. */
export interface NoteWish {
  readonly sha256: string;
  readonly at_seconds: number;
  readonly text: string;
}

/** Two pages may write the same file at once. */
const inTurn = createTurns();

/** Adds a note to a clip of the project. Throws `clip-missing` if it has no such clip, `usage` if there is no text. */
export async function addNote(
  { paths, clock }: Pick<Project, 'paths' | 'clock'>,
  state: ShotState,
  wish: NoteWish,
): Promise<Note> {
  const text = wish.text.trim().slice(0, LONGEST_NOTE);
  if (text === '') throw new DailiesError('usage', 'the note has no text');
  const made = state
    .attempts()
    .flatMap((attempt) => outputsOf(attempt).map((output) => ({ attempt, output })))
    .find(({ output }) => output.sha256 === wish.sha256);
  if (!made) throw new DailiesError('clip-missing', 'the project has no such clip to write a note about');
  const { owner, id } = made.attempt;
  const note: Note = {
    id: `${clock.now().toString(36).padStart(9, '0')}${randomBytes(4).toString('hex')}`,
    ...{ shot: owner.shot, take: owner.take, attempt: id, sha256: wish.sha256 },
    // A frame's time needs no more digits.
    at_seconds:
      Math.round(Math.min(Math.max(0, wish.at_seconds), made.output.media.duration_s) * 1000) / 1000,
    text,
    written_at: isoNow(clock),
  };
  await change(paths.lockfile, (notes) => [...notes, note]);
  return note;
}

/** Takes a note back; nothing happens if it is gone already. */
export async function removeNote({ paths }: Pick<Project, 'paths'>, id: string): Promise<void> {
  await change(paths.lockfile, (notes) => notes.filter((note) => note.id !== id));
}

function change(lockfile: string, edit: (notes: readonly Note[]) => readonly Note[]): Promise<void> {
  const path = notesPath(lockfile);
  return inTurn(path, async () => writeNotesFile(path, edit(await readNotesFile(path))));
}
