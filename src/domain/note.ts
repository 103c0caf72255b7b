/** What a person has written about a moment of a clip (schemas/notes.schema.json). */
export interface Note {
  /** Unlike any other note's of the project. */
  readonly id: string;
  /** The take whose clip it was, when it was written. */
  readonly shot: string;
  readonly take: number;
  /** The purchase that made the clip. */
  readonly attempt: string;
  /** The clip itself: the note stays with it, whatever take it serves later. */
  readonly sha256: string;
  /** From the clip's beginning. */
  readonly at_seconds: number;
  readonly text: string;
  /** ISO 8601, UTC. */
  readonly written_at: string;
}

/** The most that one note holds: it is a remark and not a document. */
export const LONGEST_NOTE = 2000;
