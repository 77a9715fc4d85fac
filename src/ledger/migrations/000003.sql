-- The cloud as last seen, and what we meant to be there. These two tables are the truth, no projection.

create table cloud_resources (
  urn text primary key,
  provider text not null,
  type text not null,
  name text not null,
  provider_id text,
  observed jsonb,
  observed_at timestamptz(3)
);
create index cloud_resources_by_name on cloud_resources (provider, type, name);
create unique index cloud_resources_by_provider_id on cloud_resources (provider, type, provider_id)
  where provider_id is not null;

create table cloud_provisioned (
  resource text primary key references cloud_resources (urn),
  desired_spec jsonb not null,
  spec_version int not null default 1 check (spec_version >= 1),
  saga_id text,
  state text not null check (state in ('intended', 'creating', 'active', 'suspect', 'deleting', 'deleted')),
  intent_hash text not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now()
);
create index cloud_provisioned_by_state on cloud_provisioned (state, updated_at);
create index cloud_provisioned_by_saga on cloud_provisioned (saga_id) where saga_id is not null;
