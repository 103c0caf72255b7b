import { appendFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openReceiptBook, receiptsIn, receiptsPath } from '../../src/store/receipts.js';

it('reads whose receipts there are, of which the rest is not looked at, and nothing fails behind its back', async () => {
  const root = await mkdtemp(join(tmpdir(), 'dailies-receipts-'));
  const owner = { project_id: '0123456789abcdef', manifest: 'film.yaml', sandbox: false, place: '' };
  const book = openReceiptBook(root, owner);
  await book.append([{ type: 'picked', picks: {} }]);
  await book.close();
  await appendFile(receiptsPath(root, owner.project_id), `${'x'.repeat(1000)}\n`.repeat(2000));
  for (let round = 0; round < 50; round += 1)
    expect(await receiptsIn(root)).toMatchObject([{ owner: { manifest: 'film.yaml' } }]);
});
