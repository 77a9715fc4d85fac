import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

const HIDDEN = '[DigitalOcean token]';

/** An API token that shows in no log, message, JSON or dump: only `header` gives it away. */
export class ApiToken {
  readonly #secret: string;
  /** Of the token, in hex: names its budget of calls. */
  readonly sha256: string;

  /** Throws a `RangeError`, without the secret, when it is no word of 20 to 200 visible ASCII characters. */
  constructor(secret: string) {
    if (!/^[\x21-\x7e]{20,200}$/.test(secret)) {
      throw new RangeError(`expected a DigitalOcean token of 20 to 200 visible characters, got ${secret.length}; copy it whole`);
    }
    this.#secret = secret;
    this.sha256 = createHash('sha256').update(secret).digest('hex');
  }

  /** What `authorization` is set to. */
  get header(): string {
    return `Bearer ${this.#secret}`;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
