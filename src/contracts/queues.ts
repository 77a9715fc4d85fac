/** Task queues of our own workers. A blueprint's step may name any other. */
export const QUEUES = {
  /** Workflows and light activities. */
  main: 'cerebros',
  /** Training: one worker thread per slot. */
  compute: 'cerebros-compute',
  /** Training and steps on the Python workers. */
  python: 'cerebros-python',
} as const;

/** Those that `cerebros worker` serves. */
export const OWN_QUEUES: readonly string[] = [QUEUES.main, QUEUES.compute];

export type Queue = (typeof QUEUES)[keyof typeof QUEUES];
