-- Sagas: the projection that the workflows flush. Only a row of a newer version overwrites.

create table saga_runs (
  id text primary key,
  run_id text,
  root_run_id text,
  kind text not null,
  job_id text,
  status text not null default 'pending' check (status in (
    'pending', 'running', 'paused', 'halted', 'recovering', 'compensating',
    'completed', 'failed', 'cancelled', 'rolled_back'
  )),
  plan jsonb not null default '[]',
  current_step_idx int check (current_step_idx >= 0),
  inputs jsonb,
  context jsonb not null default '{}',
  result jsonb,
  metadata jsonb not null default '{}',
  cancel_requested boolean not null default false,
  error jsonb,
  recovery_attempts int not null default 0 check (recovery_attempts >= 0),
  max_recovery_attempts int not null default 3 check (max_recovery_attempts >= 0),
  parent_id text,
  version bigint not null default 0 check (version >= 0),
  created_at timestamptz(3) not null default now(),
  started_at timestamptz(3),
  completed_at timestamptz(3)
);
create index saga_runs_newest on saga_runs (created_at desc, id desc);
create index saga_runs_by_kind on saga_runs (kind, status, created_at desc);
create index saga_runs_by_status on saga_runs (status, created_at desc);
create index saga_runs_by_job on saga_runs (job_id) where job_id is not null;
create index saga_runs_by_parent on saga_runs (parent_id) where parent_id is not null;

-- The foreign key is checked at the end of a statement, so one statement may insert a run with its steps.
create table saga_step_results (
  saga_id text not null references saga_runs (id) on delete cascade,
  step_idx int not null check (step_idx >= 0),
  step_name text not null,
  task_type text not null,
  needs int[] not null default '{}',
  status text not null default 'pending' check (status in (
    'pending', 'queued', 'running', 'sleeping', 'waiting', 'completed', 'failed', 'retrying', 'skipped',
    'cancelled', 'compensating', 'compensated', 'compensation_failed'
  )),
  output jsonb,
  error jsonb,
  attempts int not null default 0 check (attempts >= 0),
  worker_id text,
  activity_id text,
  estimated_duration_s double precision,
  queued_at timestamptz(3),
  started_at timestamptz(3),
  completed_at timestamptz(3),
  compensated_at timestamptz(3),
  wakes_at timestamptz(3),
  version bigint not null default 0 check (version >= 0),
  unique (saga_id, step_idx)
);
create index saga_step_results_waking on saga_step_results (wakes_at) where wakes_at is not null;

-- CloudEvents 1.0. Whoever inserts takes the events lock first (src/ledger/advisory-locks.ts), so that seq grows in commit order.
create table events (
  seq bigint generated always as identity primary key,
  id text not null unique,
  type text not null,
  source text not null,
  subject text not null,
  time timestamptz(3) not null,
  data jsonb
);
create index events_by_subject on events (subject, seq);
