import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/*
 * The least that a run over a delivered project has to do: read its lockfile, and look at each of its clips once.
 */
interface Stored {
  readonly shots: Readonly<
    Record<string, { readonly takes: Readonly<Record<string, { readonly attempts: readonly unknown[] }>> }>
  >;
}

const [, , lockfile = ''] = process.argv;
const store = join(dirname(lockfile), '.dailies', 'clips');
const { shots } = JSON.parse(readFileSync(lockfile, 'utf8')) as Stored;
let bytes = 0;
for (const { takes } of Object.values(shots)) {
  for (const { attempts } of Object.values(takes)) {
    for (const attempt of attempts as readonly {
      readonly state: { readonly outputs: readonly { readonly sha256: string }[] };
    }[]) {
      for (const { sha256 } of attempt.state.outputs)
        bytes += statSync(join(store, sha256.slice(0, 2), `${sha256}.mp4`)).size;
    }
  }
}
console.log(bytes);
