/** Keys of the advisory locks the ledger takes; Postgres scopes them to the database. All are held until the transaction ends. */
export const ADVISORY_LOCKS = {
  /** One migrator at a time. */
  migrations: 6_318_001,
  /** Taken before an event's `seq` is drawn, so that `seq` grows in commit order and a reader by `seq` misses none. */
  events: 6_318_002,
  /** One publisher of datasets at a time, and none while content is removed that a new version may refer to. */
  datasets: 6_318_003,
  /** One start at a time finds out whether its stack is free. */
  stacks: 6_318_004,
} as const;
