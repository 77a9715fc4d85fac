import type { Answer, Call } from './call.ts';

export function getAccount({ world: { state, limits } }: Call): Answer {
  const account = {
    droplet_limit: limits.droplets,
    floating_ip_limit: limits.reserved_ips,
    email: 'owner@cerebros.test',
    name: 'Cerebros',
    uuid: 'b6fc48dbf6d9906cace5f3c78dc9851e757381ef',
    email_verified: true,
    ...state.account,
    team: { uuid: '5df3e3004a17e242b7c20ca6c9fc25b701a47ece', name: 'Cerebros' },
  };
  return { status: 200, body: { account } };
}
