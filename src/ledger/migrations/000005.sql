-- Blueprints as they were registered: a version never changes. When they were is kept to the microsecond, for the newest counts.

create table blueprints (
  name text not null,
  version text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  definition jsonb not null,
  registered_at timestamptz not null default now(),
  registered_by text,
  primary key (name, version)
);
create index blueprints_newest on blueprints (registered_at desc);

-- What steps ask people for: a row each time, flushed by the run as its steps are.

create table approvals (
  saga_id text not null references saga_runs (id) on delete cascade,
  step_idx int not null check (step_idx >= 0),
  n int not null check (n >= 1),
  step_name text not null,
  approval_type text not null,
  data jsonb,
  approvers jsonb check (jsonb_typeof(approvers) = 'array'),
  requester text,
  on_timeout text not null check (on_timeout in ('reject', 'approve', 'fail')),
  requested_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  status text not null check (status in ('waiting', 'approved', 'rejected', 'timed_out', 'cancelled')),
  decided_by text,
  decided_at timestamptz(3),
  comment text,
  decision_id text,
  version bigint not null default 0 check (version >= 0),
  primary key (saga_id, step_idx, n)
);
create index approvals_waiting on approvals (requested_at) where status = 'waiting';
