import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives all tests of a run one folder for what they make, the clips they share among it, and removes it in the end. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-tests-'));
  process.env.TMPDIR = folder;
  process.env['TEST_CLIPS_FOLDER'] = join(folder, 'clips-made');
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
