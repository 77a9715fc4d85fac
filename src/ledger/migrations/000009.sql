-- What the last check found of each resource: of ours, and of what is there and not ours.

create table cloud_drift (
  resource text primary key,
  provider text not null,
  type text not null,
  name text not null,
  provider_id text,
  verdict text not null check (verdict in ('in_sync', 'drifted', 'missing', 'unmanaged', 'unknown')),
  diff jsonb not null default '[]',
  reason text,
  -- When the check began.
  checked_at timestamptz(3) not null,
  -- What the last event told of it, null when it is in sync again, and since when it is so: an event is told once for each change.
  told text,
  since timestamptz(3) not null
);
create index cloud_drift_by_provider on cloud_drift (provider, verdict);
