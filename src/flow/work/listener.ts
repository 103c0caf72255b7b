import type { EventSink, RunEvent } from '../../events.js';

/**
 * The caller's listener, kept from harming the run that it listens to. One that throws, or whose promise rejects, still gets all later events: each event is independent,
 * and a run has money to account for.
 */
export function guarded(onEvent: EventSink | undefined) {
  const errors: unknown[] = [];
  const open = new Set<Promise<void>>();
  return {
    /** Tells of an event. Never throws. */
    emit: (event: RunEvent): void => {
      try {
        // The type says that it returns nothing; an async function fits that type too.
        const given: unknown = onEvent?.(event);
        if (!(given instanceof Promise)) return;
        const heard: Promise<void> = given
          .then(
            () => undefined,
            (error: unknown) => void errors.push(error),
          )
          .finally(() => open.delete(heard));
        open.add(heard);
      } catch (error) {
        errors.push(error);
      }
    },
    /** Waits for what an asynchronous listener has begun, then throws the first error of all calls. */
    async settle(): Promise<void> {
      await Promise.all(open);
      if (errors.length > 0) throw errors[0];
    },
  };
}
