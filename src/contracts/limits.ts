/** Bounds on what goes through Temporal, in bytes of JSON. Larger things go to the artifact store and travel as references. */
export const LIMITS = {
  /** One value: an input, an output, a result. */
  valueBytes: 256 * 1024,
  /** All steps of a run, added ones included: its row holds them. */
  planBytes: 512 * 1024,
  /** The seed of a re-entry or continue-as-new. */
  seedBytes: 768 * 1024,
  /** The step rows of one flush to the ledger; a larger one is sent in several. */
  batchBytes: 256 * 1024,
  /** Anything at all, refused by the payload converter; Temporal ends a run over 2 MiB without undo. */
  payloadBytes: 1536 * 1024,
  /** Everything one workflow task sends. */
  workflowTaskBytes: 1024 * 1024,
  /** All outputs of a run together. */
  contextBytes: 512 * 1024,
  /** A message of an error that is kept. */
  errorMessageChars: 1000,
} as const;
