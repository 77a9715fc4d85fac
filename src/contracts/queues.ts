/** Task queues of our own workers. A blueprint's step may name any other. */
export const QUEUES = {
  /** Workflows and light activities. */
  main: 'cerebros',
  /** Training: one worker thread per slot. */
  compute: 'cerebros-compute',
  /** Training and steps on the Python workers. */
  python: 'cerebros-python',
} as const;

export type Queue = (typeof QUEUES)[keyof typeof QUEUES];
