/** Names that Windows gives to devices, with any extension: no file or folder may bear them. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/** Files of ours that lie in the output folder, beside the shots' folders. */
const OURS = ['index.html', 'report.json'];

/** Ids name files: with room for a take, an output and an extension they stay within every file system's limit. */
export const LONGEST_ID = 100;

/** Whether a file or folder name is a device on Windows. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name.trimStart());
}

/** What is wrong with an id (after vars and matrix), as the rest of a sentence that begins with it; or undefined. */
export function idFault(id: string): string | undefined {
  if (id === '') return 'is empty';
  if (id.length > LONGEST_ID) return `has more than ${LONGEST_ID} characters`;
  if (!/^[A-Za-z0-9._-]+$/.test(id))
    return 'names files, and may have only the letters a to z and A to Z, digits, ".", "_" and "-"';
  if (id.startsWith('.') || id.startsWith('-')) return 'names files, and may not begin with "." or "-"';
  if (id.endsWith('.')) return 'names files, and may not end with "."';
  if (isDeviceName(id)) return 'is the name of a device on Windows, where no file can bear it';
  if (OURS.includes(id.toLowerCase())) return 'is the name of a file of ours in the output folder';
  return undefined;
}
