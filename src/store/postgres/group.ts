import { DailiesError } from '../../errors.js';

/** The most calls in a group: their transaction keeps its locks until the last of them is done. */
const MOST = 32;

/**
 * Sends calls in groups: while one group is on its way, new calls form the next one. So a database that is far away, or
 * busy with its log, gets large groups, and one that answers at once gets each call alone. If the database refuses a group,
 * its calls are sent one by one, and only the one at fault rejects. `ask` gives an answer for each call, in their order.
 */
export function grouped<Call, Answer>(
  ask: (calls: readonly Call[]) => Promise<readonly Answer[]>,
): (call: Call) => Promise<Answer> {
  interface Waiting {
    readonly call: Call;
    readonly resolve: (answer: Answer | Promise<Answer>) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let isAsking = false;
  const one = async (call: Call): Promise<Answer> => {
    const [answer] = await ask([call]);
    if (answer === undefined) throw new DailiesError('internal', 'the store gave no answer');
    return answer;
  };
  const together = async (group: readonly Waiting[]): Promise<void> => {
    try {
      const answers = await ask(group.map(({ call }) => call));
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new DailiesError('internal', 'the store gave too few answers'));
        else resolve(answer);
      }
    } catch (error) {
      const isTheirs = group.length > 1 && error instanceof DailiesError && error.code === 'store-refused';
      for (const { call, resolve, reject } of group) {
        if (!isTheirs) reject(error);
        else await one(call).then(resolve, reject);
      }
    }
  };
  const askOn = async (): Promise<void> => {
    isAsking = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, MOST);
      waiting = waiting.slice(MOST);
      await together(group);
    }
    isAsking = false;
  };
  return (call) =>
    new Promise<Answer>((resolve, reject) => {
      waiting.push({ call, resolve, reject });
      if (!isAsking) void Promise.resolve().then(() => (isAsking ? undefined : askOn()));
    });
}
