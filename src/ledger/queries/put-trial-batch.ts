import type { TrialBatch, TrialEvent } from '../../contracts/nas-search.ts';
import { SOURCE } from '../../contracts/topics.ts';
import { ADVISORY_LOCKS } from '../advisory-locks.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';
import { cancelOnAbort } from '../until-aborted.ts';

type Fragment = ReturnType<Sql>;

/**
 * Writes what a study has to tell in one statement, so all of it or nothing: rows of `trials`, two points of `metrics` an epoch, and
 * events `cerebros.trial.<what>`. A row is never overwritten by an older version (an equal one is the same change, of a workflow task
 * that was run again after a crash); an event that is there already is left alone, so the same batch may come any number of times, in
 * any order. An abort asks Postgres to stop.
 */
export async function putTrialBatch(sql: Sql, batch: TrialBatch, signal?: AbortSignal): Promise<void> {
  const events = batch.events.map(cloudEvent);
  const query = sql`
    with input as materialized (select ${jsonbText({ ...batch, events })}::text::jsonb as batch),
    trial_rows as (${upsertTrials(sql)}),
    points as (${upsertMetrics(sql)}),
    turn as materialized (
      select pg_advisory_xact_lock(${ADVISORY_LOCKS.events}) from input where batch -> 'events' <> '[]'
    )
    insert into events (id, type, source, subject, time, data)
    select event ->> 'id', event ->> 'type', event ->> 'source', event ->> 'subject', (event ->> 'time')::timestamptz, event -> 'data'
    from turn, input, jsonb_array_elements(batch -> 'events') with ordinality as item (event, position)
    order by position
    on conflict (id) do nothing`;
  await cancelOnAbort(query, signal);
}

function cloudEvent({ id, what, search_id, time, data }: TrialEvent): object {
  return { id, type: `cerebros.trial.${what}`, source: SOURCE, subject: search_id, time, data };
}

/** Of two rows of the same trial in one batch the newer counts. */
function upsertTrials(sql: Sql): Fragment {
  return sql`
    insert into trials as stored (run, number, params, status, value, epochs, param_count, weights_sha256, engine, error, started_at,
      completed_at, version)
    select distinct on (trial.run, trial.number) trial.run, trial.number, trial.params, trial.status, trial.value, trial.epochs,
      trial.param_count, trial.weights_sha256, trial.engine, trial.error, trial.started_at, trial.completed_at, trial.version
    from input, jsonb_array_elements(batch -> 'trials') with ordinality as item (fields, position),
      jsonb_populate_record(null::trials, fields) trial
    order by trial.run, trial.number, trial.version desc, position desc
    on conflict (run, number) do update set (
      params, status, value, epochs, param_count, weights_sha256, engine, error, started_at, completed_at, version
    ) = (
      excluded.params, excluded.status, excluded.value, excluded.epochs, excluded.param_count, excluded.weights_sha256, excluded.engine,
      excluded.error, excluded.started_at, excluded.completed_at, excluded.version
    )
    where excluded.version >= stored.version`;
}

/** An epoch that is trained again after a crash comes to the same values; of two in one batch the later counts. */
function upsertMetrics(sql: Sql): Fragment {
  return sql`
    insert into metrics (run, trial, step, name, value)
    select distinct on (run, trial, step, point.name) run, trial, step, point.name, point.value
    from input, jsonb_array_elements(batch -> 'epochs') with ordinality as item (epoch, position),
      jsonb_to_record(epoch) as of_trial (run text, trial int, record jsonb),
      jsonb_to_record(record) as measured (train_loss double precision, validation_accuracy double precision),
      cast(record ->> 'epoch' as bigint) step,
      lateral (values ('train_loss', train_loss), ('validation_accuracy', validation_accuracy)) as point (name, value)
    order by run, trial, step, point.name, position desc
    on conflict (run, trial, step, name) do update set value = excluded.value`;
}
