import { defineSearchAttributeKey } from '@temporalio/common';

/** Our search attributes, all keywords; registered by `cerebros dev`, or once per namespace on a cluster. */
export const SEARCH_ATTRIBUTES = {
  kind: defineSearchAttributeKey('CerebrosKind', 'KEYWORD'),
  /** The run's status. */
  status: defineSearchAttributeKey('CerebrosStatus', 'KEYWORD'),
  /** What a person must do: `approval`, `recovery`, `undo`. */
  needs: defineSearchAttributeKey('CerebrosNeeds', 'KEYWORD'),
} as const;
