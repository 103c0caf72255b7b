import type { Edit, Story } from './story.js';

/** A shot of the manifest that a story works on. */
export interface ScriptShot {
  readonly id: string;
  readonly prompt: string;
  readonly takes: number;
  /** Continues the job of the first shot (`previous_job`). */
  readonly continues: boolean;
}

export type Script = readonly ScriptShot[];

const IDS = ['harbor', 'market', 'sea', 'storm', 'turn'];
const PROMPTS = ['a boat', 'a clock', 'a dog', 'a house', 'a kite', 'a lamp'];

export const FIRST_SCRIPT: Script = ['harbor', 'market', 'sea'].map((id, index) => ({
  id,
  prompt: PROMPTS[index] ?? '',
  takes: 1,
  continues: false,
}));

/** The script after an edit; the same where the edit does not apply. */
export function edited(script: Script, edit: Edit): Script {
  const index = edit.which % script.length;
  const freeIds = IDS.filter((id) => script.every((shot) => shot.id !== id));
  const id = freeIds[edit.to % Math.max(1, freeIds.length)];
  const prompt = PROMPTS[edit.to % PROMPTS.length] ?? '';
  const change = (at: number, changes: Partial<ScriptShot>) =>
    script.map((shot, place) => (place === at ? { ...shot, ...changes } : shot));
  switch (edit.do) {
    case 'add':
      return id === undefined ? script : [...script, { id, prompt, takes: 1, continues: false }];
    case 'remove':
      return script.length === 1 ? script : script.filter((_, place) => place !== index);
    case 'rename':
      return id === undefined ? script : change(index, { id });
    case 'reword':
      return change(index, { prompt });
    case 'takes':
      return change(index, { takes: (edit.to % 3) + 1 });
    case 'continue':
      return change(index, { continues: edit.to % 2 === 0 });
    case 'swap': {
      const other = edit.to % script.length;
      const [one, two] = [script[index]?.prompt ?? '', script[other]?.prompt ?? ''];
      return script.map((shot, place) =>
        place === index ? { ...shot, prompt: two } : place === other ? { ...shot, prompt: one } : shot,
      );
    }
  }
}

/** How many takes of the script ask for each prompt. */
export function demandOf(script: Script): ReadonlyMap<string, number> {
  const demand = new Map<string, number>();
  for (const { prompt, takes } of script) demand.set(prompt, (demand.get(prompt) ?? 0) + takes);
  return demand;
}

export function manifestOf(
  script: Script,
  { baseUrl, settings }: { readonly baseUrl: string; readonly settings: Story['settings'] },
): string {
  const [first] = script;
  return [
    'version: 1',
    'project: film',
    `gateway: { base_url: "${baseUrl}", api_key_env: TEST_KEY }`,
    'poll: { interval: 1, timeout: 300 }',
    `concurrency: ${settings.concurrency}`,
    `retries: ${settings.retries}`,
    'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }',
    'shots:',
    ...script.map(({ id, prompt, takes, continues }, index) => {
      const previous = continues && index > 0 && first ? `, previous_job: ${first.id}` : '';
      return `  - { id: ${id}, prompt: ${prompt}, takes: ${takes}${previous} }`;
    }),
    '',
  ].join('\n');
}
