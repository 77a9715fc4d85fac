import { z } from 'zod';
import type { DigitalOceanApi } from './api.ts';
import { orAbsent } from './delete-at.ts';

/** What was asked of a resource and takes its time. */
export interface Action {
  readonly id: number;
  readonly type: string;
  readonly status: 'in-progress' | 'completed' | 'errored';
}

export const actionSchema = z.object({ id: z.int(), type: z.string(), status: z.enum(['in-progress', 'completed', 'errored']) });

export const actionAnswer = z.object({ action: actionSchema }).transform(({ action }) => action);

/** An action of any resource; undefined when there is none. */
export async function getAction(api: DigitalOceanApi, id: number, signal?: AbortSignal): Promise<Action | undefined> {
  return await orAbsent(api.call({ method: 'GET', path: `/v2/actions/${id}`, schema: actionAnswer, signal }));
}
