import type { Clock } from '../clock.ts';

/** How long things take, in milliseconds of the emulator's clock. Short by default, so that tests are fast. */
export interface Delays {
  /** From the 202 of a droplet until it can be seen: until then GET, lists, actions and DELETE know nothing of it. */
  readonly droplet_visible_ms: number;
  /** From the 202 of a droplet until it is active. */
  readonly droplet_active_ms: number;
  /** From the 202 of a droplet until it carries its tags. */
  readonly tag_lag_ms: number;
  /** Every other action. */
  readonly action_ms: number;
  /** From a change of a firewall until it is `succeeded`. */
  readonly firewall_ms: number;
  /** How long a destroyed droplet is still a member of its VPC. */
  readonly vpc_release_ms: number;
  /** How long the fault `slow` holds an answer back, unless its script says otherwise. */
  readonly slow_ms: number;
}

/** What an account may do; the defaults are those of a DigitalOcean account after its first weeks. */
export interface Limits {
  readonly requests_per_minute: number;
  readonly requests_per_hour: number;
  readonly droplets: number;
  readonly reserved_ips: number;
  readonly volumes_per_droplet: number;
  /** A longer request is answered by 413. */
  readonly body_bytes: number;
}

export interface EmulatorOptions {
  /** On 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** The machine's by default. */
  readonly clock?: Clock;
  readonly delays?: Partial<Delays>;
  readonly limits?: Partial<Limits>;
  /** A file that holds the whole state between runs. It is read at the start if it exists, and replaced after every request. */
  readonly state_file?: string;
  /** Awaited before a request is looked at: a test can hold it there, or add a fault that is meant for it. */
  readonly before?: (request: ReceivedRequest) => Promise<void>;
}

/** A request as it came: its path with the query, its body as text. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export const DEFAULT_DELAYS: Delays = {
  droplet_visible_ms: 50,
  droplet_active_ms: 200,
  tag_lag_ms: 150,
  action_ms: 100,
  firewall_ms: 100,
  vpc_release_ms: 100,
  slow_ms: 2000,
};

export const DEFAULT_LIMITS: Limits = {
  requests_per_minute: 250,
  requests_per_hour: 5000,
  droplets: 25,
  reserved_ips: 10,
  volumes_per_droplet: 15,
  body_bytes: 1_048_576,
};
