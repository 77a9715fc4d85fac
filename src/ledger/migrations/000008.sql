-- What a resource was meant to be before each of its changes, and who deletes it. The id of what is gone is free: a provider gives an address out again.

update cloud_resources set provider_id = null
from cloud_provisioned where resource = urn and state = 'deleted';

-- The run that withdraws it, whose end decides what becomes of it.
alter table cloud_provisioned add column deleted_by text;

create table cloud_spec_history (
  resource text not null references cloud_provisioned (resource),
  spec_version int not null,
  desired_spec jsonb not null,
  -- The step that ended this version.
  changed_by text not null,
  changed_at timestamptz(3) not null default now(),
  -- When that step was taken back.
  reverted_at timestamptz(3),
  primary key (resource, spec_version)
);
