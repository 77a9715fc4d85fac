-- What runs leave behind. A run may be started by hand and flush late, so none of these refers to saga_runs by a foreign key.

create table datasets (
  id text not null,
  version int not null check (version >= 1),
  run_id text,
  sha256 text not null,
  uri text not null,
  spec jsonb not null default '{}',
  stats jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  primary key (id, version)
);
create index datasets_by_sha256 on datasets (sha256);

create table models (
  id text primary key,
  run_id text,
  sha256 text not null,
  uri text not null,
  spec jsonb not null default '{}',
  metrics jsonb not null default '{}',
  created_at timestamptz(3) not null default now()
);
create index models_newest on models (created_at desc, id desc);
create index models_by_run on models (run_id) where run_id is not null;

create table trials (
  run text not null,
  number int not null check (number >= 0),
  params jsonb not null default '{}',
  status text not null check (status in ('pending', 'running', 'completed', 'pruned', 'failed', 'cancelled')),
  value double precision,
  error jsonb,
  started_at timestamptz(3),
  completed_at timestamptz(3),
  primary key (run, number)
);
create index trials_best on trials (run, value);

-- Trial 0 is a run without trials.
create table metrics (
  run text not null,
  trial int not null default 0 check (trial >= 0),
  step bigint not null check (step >= 0),
  name text not null,
  value double precision not null,
  primary key (run, trial, step, name)
);
