import { z } from 'zod';
import type { DigitalOceanApi } from './api.ts';

export interface Account {
  readonly droplet_limit: number;
  readonly status: 'active' | 'warning' | 'locked';
  readonly status_message: string;
}

const accountAnswer = z
  .object({
    account: z.object({ droplet_limit: z.int(), status: z.enum(['active', 'warning', 'locked']), status_message: z.string() }),
  })
  .transform(({ account }) => account);

/** The account that the token belongs to. A locked one refuses to create anything. */
export async function getAccount(api: DigitalOceanApi, signal?: AbortSignal): Promise<Account> {
  return await api.call({ method: 'GET', path: '/v2/account', schema: accountAnswer, signal });
}
