/** Task queues of our own workers. A blueprint's step may name any other. */
export const QUEUES = {
  /** Workflows and light activities. */
  main: 'cerebros',
  /** Training: one worker thread per slot. */
  compute: 'cerebros-compute',
  /** Training and steps on the Python workers. */
  python: 'cerebros-python',
  /** Calls of the cloud provider. */
  cloud: 'cerebros-cloud',
} as const;

/** Those that `cerebros worker` serves. */
export const OWN_QUEUES: readonly string[] = [QUEUES.main, QUEUES.compute, QUEUES.cloud];

export type Queue = (typeof QUEUES)[keyof typeof QUEUES];
