-- The builds that came to a version of a dataset: the one that published it, and later ones with the same content. Lineage goes from a
-- run here to the version, and from there by its spec and its sources.jsonl to where the images came from.

create table dataset_builds (
  run_id text primary key,
  id text not null,
  version int not null,
  built_at timestamptz(3) not null default now(),
  foreign key (id, version) references datasets on delete cascade
);
create index dataset_builds_by_version on dataset_builds (id, version);
create index datasets_newest on datasets (created_at desc, id, version);
