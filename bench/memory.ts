import { atMost, merely, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import { least, measureSideBySide } from './side-by-side.js';
import { BARE, OURS } from './work.js';

const CLIPS = 16;
const CLIP_BYTES = 50_000_000;

/** Sixteen clips of 50 MB on their way at once. */
export async function memory(): Promise<Section> {
  const gateway = await startGateway(CLIP_BYTES);
  try {
    const jobs = Array.from({ length: CLIPS }, (_, index) => ({ id: `shot-${index}`, lengthMs: 0 }));
    const work = { jobs, cap: CLIPS, baseUrl: gateway.baseUrl, barePollMs: 0, downloads: CLIPS };
    const results = await measureSideBySide([OURS, BARE], { work, rounds: 1 });
    const megabytes = (client: typeof OURS) => least(results.get(client) ?? [], 'peak_bytes') / 1e6;
    return {
      title: 'Memory: 16 clips of 50 MB at once',
      findings: [
        atMost('dailies', { value: megabytes(OURS), limit: 200, unit: 'MB' }),
        merely('bare loop', megabytes(BARE), 'MB'),
      ],
    };
  } finally {
    gateway.close();
  }
}
