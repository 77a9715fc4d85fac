import type { DriftFindings } from '../../contracts/drift.ts';
import { DRIFT_TOPIC, SOURCE } from '../../contracts/topics.ts';
import { ADVISORY_LOCKS } from '../advisory-locks.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

type Fragment = ReturnType<Sql>;

/**
 * Puts what a check found in the place of what the checks before it found, keeps what was seen of active resources, and adds an event
 * for each that is drifted, missing or unmanaged anew; in one statement, so all of it or nothing. A row that has changed since it was
 * read keeps its verdict, and what a later check wrote stays. `unknown` says nothing: after it, the same drift is no news.
 */
export async function putCloudDrift(sql: Sql, check: DriftFindings): Promise<void> {
  await sql`
    with input as materialized (
      select batch ->> 'provider' as provider, (batch ->> 'began_at')::timestamptz(3) as began_at, batch -> 'unlisted' as unlisted,
        batch -> 'findings' as findings
      from (select ${jsonbText(check)}::text::jsonb as batch) given
    ),
    found as materialized (
      select item.*, (item.row ->> 'updated_at')::timestamptz(3) as updated_at, meant.state as state_now, coalesce(item.row is null
        or (meant.state = item.row ->> 'state' and meant.updated_at = (item.row ->> 'updated_at')::timestamptz(3)), false) as same
      from input, jsonb_to_recordset(findings) item (resource text, type text, name text, provider_id text, verdict text, diff jsonb,
        reason text, observed jsonb, row jsonb)
      left join cloud_provisioned meant on meant.resource = item.resource
    ),
    seen as (${keepSeen(sql)}),
    gone as (${deleteGone(sql)}),
    judged as materialized (${judge(sql)}),
    kept as (${upsert(sql)}),
    news as materialized (
      select * from judged where told is distinct from told_before and verdict in ('drifted', 'missing', 'unmanaged')
    ),
    turn as materialized (select pg_advisory_xact_lock(${ADVISORY_LOCKS.events}) from (select from news limit 1) any_news)
    insert into events (id, type, source, subject, time, data)
    select concat_ws('/', 'drift', resource, told, (extract(epoch from coalesce(since_before, updated_at)) * 1000)::bigint),
      ${DRIFT_TOPIC}, ${SOURCE}, resource, now(),
      jsonb_build_object('resource', resource, 'type', type, 'name', name, 'provider_id', provider_id, 'verdict', verdict, 'diff', diff)
    from turn, news order by resource
    on conflict (id) do nothing`;
}

/** Neither the state nor the time of the row is touched: it was only looked at. */
function keepSeen(sql: Sql): Fragment {
  return sql`
    update cloud_resources known set (observed, observed_at) = (found.observed, now())
    from found
    where known.urn = found.resource and known.provider_id = found.provider_id and found.same and found.state_now = 'active'
      and jsonb_typeof(found.observed) = 'object'`;
}

/** `not in` is hashed; an anti-join is not, as nothing is known of how many findings there are, and takes 10 s for 10,000. */
function deleteGone(sql: Sql): Fragment {
  return sql`
    delete from cloud_drift old using input
    where old.provider = input.provider and old.checked_at <= input.began_at
      and old.resource not in (select resource from found where state_now is distinct from 'deleted')
      and not (old.verdict = 'unmanaged' and input.unlisted ? old.type)`;
}

function judge(sql: Sql): Fragment {
  return sql`
    select found.*, input.provider, input.began_at, old.told as told_before, old.since as since_before,
      case found.verdict when 'in_sync' then null when 'unknown' then old.told else concat(found.verdict, ':', md5(found.diff::text)) end as told
    from input, found left join cloud_drift old on old.resource = found.resource
    where found.same and (old.checked_at is null or old.checked_at <= input.began_at)`;
}

function upsert(sql: Sql): Fragment {
  return sql`
    insert into cloud_drift (resource, provider, type, name, provider_id, verdict, diff, reason, checked_at, told, since)
    select resource, provider, type, name, provider_id, verdict, diff, reason, began_at, told,
      case when told is distinct from told_before or since_before is null then now() else since_before end
    from judged
    on conflict (resource) do update set (name, provider_id, verdict, diff, reason, checked_at, told, since) = (excluded.name,
      excluded.provider_id, excluded.verdict, excluded.diff, excluded.reason, excluded.checked_at, excluded.told, excluded.since)
    where cloud_drift.checked_at <= excluded.checked_at`;
}
