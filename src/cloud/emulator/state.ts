import type { TokenUse } from './token-use.ts';
import type { ScriptState } from './fault-script.ts';

/** Everything the emulator knows, as JSON. Times are milliseconds since 1970, and records are changed in place. */
export interface State {
  /** The integer id that was given last; ids are never given twice, not even after a reset. */
  last_id: number;
  account: { status: 'active' | 'warning' | 'locked'; status_message: string };
  droplets: DropletRecord[];
  volumes: VolumeRecord[];
  snapshots: SnapshotRecord[];
  vpcs: VpcRecord[];
  firewalls: FirewallRecord[];
  reserved_ips: ReservedIpRecord[];
  tags: { name: string }[];
  actions: ActionRecord[];
  /** Destroyed droplets that are still members of their VPC. */
  leaving: LeavingMember[];
  /** Resources ever created and destroyed, by type. */
  created: Partial<Record<ResourceType, number>>;
  destroyed: Partial<Record<ResourceType, number>>;
  /** By {@link tokenLabel}. */
  requests: Record<string, TokenUse>;
  faults: ScriptState[];
}

export type ResourceType = 'droplet' | 'volume' | 'snapshot' | 'vpc' | 'firewall' | 'reserved_ip' | 'tag';

/** What becomes of an accepted action: a fault can make it end badly, or never. */
export type Fate = 'completes' | 'errors' | 'never';

export interface DropletRecord {
  id: number;
  name: string;
  status: 'new' | 'active' | 'off';
  size_slug: string;
  /** GB; what it was created with until a resize with `disk: true`. */
  disk: number;
  image: string | number;
  region: string;
  vpc_id: string;
  tags: string[];
  /** Tags that it will carry from then on. */
  late_tags: { name: string; at: number }[];
  backups: boolean;
  ipv4: string;
  created_at: number;
  /** Null: never. */
  visible_at: number | null;
}

export interface VolumeRecord {
  id: string;
  name: string;
  region: string;
  description: string;
  size_gigabytes: number;
  filesystem_type: string;
  filesystem_label: string;
  tags: string[];
  droplet_id: number | null;
  created_at: number;
}

export interface SnapshotRecord {
  id: string;
  name: string;
  resource_type: 'droplet' | 'volume';
  resource_id: string;
  region: string;
  min_disk_size: number;
  size_gigabytes: number;
  tags: string[];
  created_at: number;
}

export interface VpcRecord {
  id: string;
  name: string;
  description: string;
  region: string;
  ip_range: string;
  default: boolean;
  created_at: number;
}

export interface FirewallRecord {
  id: string;
  name: string;
  inbound_rules: Rule[];
  outbound_rules: Rule[];
  droplet_ids: number[];
  tags: string[];
  created_at: number;
  /** When it is `succeeded`. */
  settled_at: number;
}

/** As the API spells it: protocol, ports, and `sources` or `destinations`. */
export type Rule = Readonly<Record<string, unknown>>;

export interface ReservedIpRecord {
  ip: string;
  region: string;
  project_id: string;
  droplet_id: number | null;
  created_at: number;
}

export interface ActionRecord {
  id: number;
  type: string;
  status: 'in-progress' | 'completed' | 'errored';
  fate: Fate;
  started_at: number;
  /** When it completes or fails; of no meaning for one that never does. */
  due_at: number;
  completed_at: number | null;
  resource_type: string;
  resource_id: number | null;
  region: string;
  /** URNs of what it keeps locked while it is in progress; the first is what it acts on. */
  locks: string[];
  effect: Effect;
}

/** What an action does when it completes. */
export type Effect =
  | { kind: 'activate'; droplet_id: number }
  | { kind: 'power'; droplet_id: number; status: 'active' | 'off' }
  | { kind: 'resize'; droplet_id: number; size_slug: string; disk: boolean }
  | { kind: 'rename'; droplet_id: number; name: string }
  | { kind: 'snapshot'; droplet_id: number; name: string }
  | { kind: 'attach'; volume_id: string; droplet_id: number }
  | { kind: 'detach'; volume_id: string }
  | { kind: 'grow'; volume_id: string; size_gigabytes: number }
  | { kind: 'assign'; ip: string; droplet_id: number | null };

export interface LeavingMember {
  vpc_id: string;
  name: string;
  urn: string;
  created_at: number;
  until: number;
}

/** The state of an account in which nothing was ever done. */
export function emptyState(last_id: number): State {
  return {
    last_id,
    account: { status: 'active', status_message: '' },
    droplets: [],
    volumes: [],
    snapshots: [],
    vpcs: [],
    firewalls: [],
    reserved_ips: [],
    tags: [],
    actions: [],
    leaving: [],
    created: {},
    destroyed: {},
    requests: {},
    faults: [],
  };
}
