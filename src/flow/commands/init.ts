import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DailiesError } from '../../errors.js';
import { sizeOf } from '../../store/name-file.js';
import { createFiles } from '../../store/create-file.js';
import { readText } from '../../store/text-file.js';
import { kitePicture, seasidePicture } from './init-pictures.js';

/** What was written, as paths below the folder that was given. */
export interface NewProject {
  readonly manifest: string;
  readonly files: readonly string[];
}

const MANIFEST = 'teaser.yaml';

/**
 * Writes a manifest to start from, with the pictures it needs, into a folder that is made if it is missing.
 * The manifest runs on the sandbox without changes. `agent`: with AGENTS.md, the rules of the skill for coding agents. Throws `usage` if one of the files exists already, `disk` if one cannot be
 * written: then none is written.
 */
export async function initProject(
  folder: string,
  { agent = false }: { readonly agent?: boolean } = {},
): Promise<NewProject> {
  const files = new Map<string, string | Uint8Array>([
    [join(folder, MANIFEST), manifestText()],
    [join(folder, 'frames/seaside.png'), seasidePicture()],
    [join(folder, 'refs/kite.png'), kitePicture()],
  ]);
  if (agent) files.set(join(folder, 'AGENTS.md'), await agentRules());
  for (const path of files.keys()) {
    if (sizeOf(path) === undefined) continue;
    throw new DailiesError('usage', `${path} already exists; nothing was written`, {
      hint: 'name another folder: dailies init FOLDER',
    });
  }
  await createFiles(files);
  return { manifest: join(folder, MANIFEST), files: [...files.keys()] };
}

/** The skill without its head, which only hosts need. */
async function agentRules(): Promise<string> {
  const skill = fileURLToPath(new URL('../../../skills/dailies/SKILL.md', import.meta.url));
  const text = await readText(skill, { ifAbsent: 'install dailies again: a file of its own is missing' });
  return text.replace(/^---\n.*?\n---\n+/s, '');
}

/** Short enough to read whole, and with one of each thing that people look for first. */
function manifestText(): string {
  return `# A shot list for dailies: one clip a shot, each paid for once.
#
#   dailies plan ${MANIFEST}    shows what a run would do, and the cost
#   dailies run ${MANIFEST}     renders what is missing
#
# For completion in an editor: dailies schema > manifest.schema.json, and as the first line of this file
# yaml-language-server: $schema=manifest.schema.json
version: 1
project: teaser

# The sandbox renders slates, for free. For real clips: openrouter (key in OPENROUTER_API_KEY), modelgates
# (MODELGATES_API_KEY), or { base_url: https://…/api/v1, api_key_env: NAME }. The key may be in .env beside this file.
gateway: sandbox

# concurrency: 4           # jobs in flight
# budget_usd: 20           # never spend more on this project
# output: renders/teaser   # where the clips go

# {{hero}} in a prompt becomes this; so does dailies run --var hero="a grey heron".
vars:
  hero: a red fox

# Every shot has these unless it sets its own. dailies models lists what each model can do, and its price.
defaults:
  model: google/veo-3.1-lite
  duration: 4
  resolution: 720p
  aspect_ratio: '16:9'
  generate_audio: false

shots:
  # From words alone.
  - id: dunes
    prompt: Wide shot of empty dunes at dawn, {{hero}} trots along the ridge, slow pan left

  # From a picture: the clip opens on it. last_frame gives the end as well.
  - id: seaside
    first_frame: frames/seaside.png
    prompt: The sun sinks into the sea, {{hero}} walks into the frame and sits down

  # Guided by references: what they show looks the same in the clip.
  - id: kite
    model: bytedance/seedance-2.0-fast
    references: [refs/kite.png]
    prompt: The same kite climbs above the beach, {{hero}} looks up at it
    takes: 2               # two tries to choose from: kite@1 and kite@2
`;
}
