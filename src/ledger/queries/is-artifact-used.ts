import type { Sql } from '../connection.ts';

/** Does any registered model refer to this artifact, as its file, its checkpoint or its curve? */
export async function isArtifactUsed(sql: Sql, uri: string): Promise<boolean> {
  const [row] = await sql<{ used: boolean }[]>`
    select exists (
      select from models
      where uri = ${uri} or metrics ->> 'checkpoint_uri' = ${uri} or metrics ->> 'curve_uri' = ${uri}
    ) as used`;
  return row?.used ?? false;
}
