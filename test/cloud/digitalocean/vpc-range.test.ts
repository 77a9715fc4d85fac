import { expect, test } from 'vitest';
import { CloudError } from '../../../src/cloud/cloud-error.ts';
import type { DigitalOceanApi } from '../../../src/cloud/digitalocean/api.ts';
import { digitalOceanPort } from '../../../src/cloud/digitalocean/port.ts';

const message = 'POST /v2/vpcs was answered 422, This range/size overlaps with another VPC network in your account';

/** An account with a default VPC, in which another VPC is being made at the same moment. */
const api: DigitalOceanApi = {
  turn: () => Promise.reject(new Error('expected no turn to be asked for')),
  call: () => Promise.reject(new CloudError('UNPROCESSABLE', message, { outcome: 'refused', retryable: false })),
};

test.each([
  ['may be made again when the provider chose it', {}, { code: 'RANGE_TAKEN', retryable: true, outcome: 'refused' }],
  ['is refused for good when the stack names it', { ip_range: '10.0.0.0/20' }, { code: 'UNPROCESSABLE', retryable: false }],
])('a VPC whose range another one has just got %s', async (_, range, expected) => {
  const identity = { type: 'vpc', name: 'nas-x', tag: null, spec: { region: 'fra1', ...range } };
  await expect(digitalOceanPort(api).create(identity)).rejects.toMatchObject(expected);
});
