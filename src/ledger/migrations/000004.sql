-- What a search knows of its trials: as far as each was trained, and by what. No release so far has written a row.

alter table trials drop constraint trials_status_check;
alter table trials
  add column epochs int not null default 0 check (epochs >= 0),
  add column param_count bigint not null default 0 check (param_count >= 0),
  add column weights_sha256 text,
  add column engine text,
  add column version bigint not null default 0 check (version >= 0),
  add constraint trials_status_check check (status in ('running', 'waiting', 'completed', 'pruned', 'failed', 'cancelled'));
