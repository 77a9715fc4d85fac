import { firedFaults } from './faults.ts';
import type { Fault, ScriptState } from './fault-script.ts';
import { settle } from './settle.ts';
import type { State } from './state.ts';
import type { TokenUse } from './token-use.ts';
import type { World } from './world.ts';

type Resources = Pick<State, 'droplets' | 'volumes' | 'snapshots' | 'vpcs' | 'firewalls' | 'reserved_ips' | 'tags'>;

/** What really is, whatever the API says of it: also droplets that cannot be seen yet. A copy. */
export interface Truth {
  /** Milliseconds since 1970, on the emulator's clock. */
  readonly now: number;
  readonly account: State['account'];
  readonly resources: Resources;
  readonly actions: State['actions'];
  /** How many were ever created and destroyed since the last reset, by type. */
  readonly created: State['created'];
  readonly destroyed: State['destroyed'];
  /** By {@link tokenLabel}; `token-e3b0c442` are requests without a token. */
  readonly requests: Readonly<Record<string, RequestCounts>>;
  readonly faults: FaultReport;
}

export type RequestCounts = Omit<TokenUse, 'arrivals' | 'accepted'>;

export interface FaultReport {
  readonly scripts: readonly ScriptState[];
  /** How often each fault really happened. */
  readonly fired: Partial<Record<Fault, number>>;
}

export function readTruth(world: World): Truth {
  const now = world.clock.now();
  settle(world, now);
  const { account, actions, created, destroyed, requests } = world.state;
  const { droplets, volumes, snapshots, vpcs, firewalls, reserved_ips, tags } = world.state;
  return structuredClone({
    now,
    account,
    resources: { droplets, volumes, snapshots, vpcs, firewalls, reserved_ips, tags },
    actions,
    created,
    destroyed,
    requests: Object.fromEntries(Object.entries(requests).map(([label, use]) => [label, countsOf(use)])),
    faults: readFaults(world),
  });
}

export function readFaults({ state }: World): FaultReport {
  return structuredClone({ scripts: state.faults, fired: firedFaults(state) });
}

function countsOf({ arrivals: _arrivals, accepted: _accepted, ...counts }: TokenUse): RequestCounts {
  return counts;
}
