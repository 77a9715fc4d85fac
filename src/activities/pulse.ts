import { Context } from '@temporalio/activity';

/** Repeats the last heartbeat while an activity is silent, so that only a dead worker looks dead, and a cancel is heard. */
export class Pulse {
  readonly #context = Context.current();
  #last: unknown = this.#context.info.heartbeatDetails;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor() {
    const { heartbeatTimeoutMs, isLocal } = this.#context.info;
    if (isLocal || heartbeatTimeoutMs === undefined) return;
    this.#timer = setInterval(() => this.#context.heartbeat(this.#last), heartbeatTimeoutMs / 3);
  }

  beat(details: unknown): void {
    this.#last = details;
    this.#context.heartbeat(details);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
