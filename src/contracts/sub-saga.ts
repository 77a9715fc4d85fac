/** Served by every worker of the main queue, for sagas that run others as steps. */
export interface SubSagaActivities {
  /**
   * Undoes a sub-saga by its id and waits for it: one that completed is run again in rollback, an open one is cancelled, one that
   * never started or has undone itself is fine. Fails with `SUB_SAGA_STUCK` when something is left.
   */
  rollbackSubSaga(input: { readonly id: string }): Promise<null>;
}
