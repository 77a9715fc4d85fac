/** Thrown by the readers of a history when it is not one: empty, not from its first event, or with a gap in the event ids. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
  /** The workflow id. */
  readonly id: string;

  constructor(id: string, message: string) {
    super(`history of ${id}: ${message}`);
    this.id = id;
  }
}
