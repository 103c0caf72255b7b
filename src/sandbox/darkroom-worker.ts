import { parentPort } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import { performTask, type DarkroomTask } from './darkroom-task.js';

// The whole of a worker: one task at a time, one answer to each.
parentPort?.on('message', (task: DarkroomTask) => {
  performTask(task).then(
    (file) => parentPort?.postMessage({ file }, [file.buffer]),
    (error: unknown) => parentPort?.postMessage({ error: messageOf(error) }),
  );
});
