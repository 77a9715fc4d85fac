import type { OnFailure } from '../contracts/saga-start.ts';
import type { PortChoice } from '../stack/ports.ts';
import type { GlobalFlags } from './context.ts';

// What the bodies in impl/ get; declared with help texts in commands/.

/** Commands about one run, without flags of their own. */
export type IdFlags = GlobalFlags;

export interface StartFlags extends GlobalFlags {
  readonly input: string;
  readonly id?: string;
  readonly at?: string;
  readonly set?: readonly string[];
  readonly onFailure?: OnFailure;
  readonly maxRecoveryAttempts?: number;
  readonly as?: string;
  readonly wait?: boolean;
}

export interface ListFlags extends GlobalFlags {
  readonly kind?: string;
  readonly status?: string;
  readonly active?: boolean;
  readonly failed?: boolean;
  readonly recoverable?: boolean;
  readonly limit?: number;
}

export interface CancelFlags extends GlobalFlags {
  readonly afterStep?: boolean;
}

export interface SkipFlags extends GlobalFlags {
  readonly result: string;
}

export interface RecoverFlags extends GlobalFlags {
  readonly fromStep: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

export interface RollbackFlags extends GlobalFlags {
  readonly dryRun?: boolean;
  readonly wait: boolean;
}

export interface PlanFlags extends GlobalFlags {
  readonly input: string;
  readonly set?: readonly string[];
}

export interface GraphFlags extends GlobalFlags {
  readonly format?: 'mermaid' | 'text';
  readonly input?: string;
}

export interface EventsFlags extends GlobalFlags {
  readonly topic?: string;
  readonly follow?: boolean;
  readonly from?: number;
}

export interface HistoryFlags extends GlobalFlags {
  readonly runId?: string;
}

export interface DriftFlags extends GlobalFlags {
  readonly stack?: string;
  readonly apply?: boolean;
  readonly as?: string;
  readonly wait?: boolean;
}

export interface LimitFlags extends GlobalFlags {
  readonly limit?: number;
}

export interface DevFlags extends GlobalFlags {
  readonly port?: PortChoice;
  readonly uiPort?: PortChoice;
  readonly ledgerPort?: PortChoice;
  readonly webPort?: PortChoice;
}

export interface WorkerFlags extends GlobalFlags {
  readonly queues?: readonly string[];
}
