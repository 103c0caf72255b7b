/* The same loop through the official SDK, with the retrying of paid submits left as it comes. */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { OpenRouter } from '@openrouter/sdk';
import type { LoopOrder } from './work.js';

const order = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as LoopOrder;
const client = new OpenRouter({ apiKey: 'sk-bench', serverURL: order.base_url });
const queue = [...order.jobs].reverse();

async function work(): Promise<void> {
  for (let job = queue.pop(); job; job = queue.pop()) await render(job);
}

async function render({ id, body }: LoopOrder['jobs'][number]): Promise<void> {
  const { aspect_ratio: aspectRatio, generate_audio: generateAudio, ...rest } = body;
  let job = await client.videoGeneration.generate({
    videoGenerationRequest: { ...rest, aspectRatio, generateAudio },
  });
  while (job.status !== 'completed') {
    if (order.poll_ms > 0) await delay(order.poll_ms);
    job = await client.videoGeneration.getGeneration({ jobId: job.id });
  }
  const stream = await client.videoGeneration.getVideoContent({ jobId: job.id, index: 0 });
  await writeFile(`${order.out}/${id}.mp4`, Buffer.from(await new Response(stream).arrayBuffer()));
}

await Promise.all(Array.from({ length: order.cap }, work));
