/* The loop of the guides: submit, poll, buffer, write. No state, no checks, nothing kept for another run. */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoopOrder } from './work.js';

interface Job {
  readonly id: string;
  readonly status: string;
  readonly polling_url: string;
  readonly unsigned_urls?: readonly string[];
}

const order = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as LoopOrder;
const authorization = 'Bearer sk-bench';
const queue = [...order.jobs].reverse();

async function work(): Promise<void> {
  for (let job = queue.pop(); job; job = queue.pop()) await render(job);
}

async function render({ id, body }: LoopOrder['jobs'][number]): Promise<void> {
  const submitted = await fetch(`${order.base_url}/videos`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!submitted.ok) throw new Error(await submitted.text());
  let job = (await submitted.json()) as Job;
  while (job.status !== 'completed') {
    if (order.poll_ms > 0) await delay(order.poll_ms);
    const polled = await fetch(new URL(job.polling_url, order.base_url), { headers: { authorization } });
    if (!polled.ok) throw new Error(await polled.text());
    job = (await polled.json()) as Job;
  }
  const answer = await fetch(job.unsigned_urls?.[0] ?? '', { headers: { authorization } });
  if (!answer.ok) throw new Error(await answer.text());
  await writeFile(`${order.out}/${id}.mp4`, Buffer.from(await answer.arrayBuffer()));
}

await Promise.all(Array.from({ length: order.cap }, work));
