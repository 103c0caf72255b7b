import type { WorkerEvent } from '../events.js';
import { count, formatUsd } from './figures.js';
import { styleOf, type Look } from './look.js';
import { clean } from './text.js';

/** The log line of a worker for an event; undefined if there is none. */
export function workerLine(event: WorkerEvent, look: Omit<Look, 'width'>): string | undefined {
  const { signs } = styleOf(look);
  switch (event.type) {
    case 'worker.started':
      return `worker ${event.worker} works for ${event.gateways.join(', ')}, up to ${count(event.places, 'order')} at once`;
    case 'worker.planned':
      return `${clean(event.project)}: ${count(event.offered, 'take')} can begin now, ${event.waiting} still wait`;
    case 'worker.trouble':
      return `${signs.warning} ${clean(event.message)}${event.hint === undefined ? '' : `; ${clean(event.hint)}`}`;
    case 'worker.stopped':
      return `stopped: ${clean(event.reason.message)}`;
    case 'shot.submitted':
      return `${nameOf(event)} submitted: job ${clean(event.job_id)}`;
    case 'shot.completed': {
      const cost = event.cost_usd === undefined ? '' : `, ${formatUsd(event.cost_usd)}`;
      return `${nameOf(event)} rendered in ${Math.round(event.elapsed_ms / 1000)} s${cost}`;
    }
    case 'shot.delivered':
      return `${signs.done} ${nameOf(event)} delivered`;
    case 'shot.not_delivered':
      return `${signs.failed} ${nameOf(event)} ${event.outcome}: ${clean(event.message)}${event.will_retry ? '; trying again' : ''}`;
    case 'warning':
      return `${signs.warning} ${clean(event.message)}`;
    case 'run.slowed':
      return `${signs.warning} ${clean(event.message)}; nothing is submitted for ${Math.ceil(event.wait_ms / 1000)} s`;
    default:
      return undefined;
  }
}

/** Takes of several projects may have the same key. */
function nameOf(event: { readonly key: string; readonly project?: string }): string {
  return event.project === undefined ? clean(event.key) : `${clean(event.project)}/${clean(event.key)}`;
}
