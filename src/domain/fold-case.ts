/** A name as file systems see it that tell neither letter case nor the spellings of an accent apart: equal where they are. */
export function foldCase(name: string): string {
  // Upper case first: ß and ss are one there, and so are σ and ς.
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}
