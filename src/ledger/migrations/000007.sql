-- By what a resource is found again, who may send its next POST, why it is suspect; and the budget of calls that all workers with a
-- token share.

alter table cloud_provisioned
  add column tag text,
  add column posts int not null default 0 check (posts >= 0),
  add column problem text;

create table cloud_call_budgets (
  token_sha256 text primary key check (token_sha256 ~ '^[0-9a-f]{64}$'),
  calls_left double precision not null,
  filled_at timestamptz not null,
  blocked_until timestamptz
);
