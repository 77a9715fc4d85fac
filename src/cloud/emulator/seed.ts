import { REGIONS } from './catalogue.ts';
import type { Emulator } from './create-emulator.ts';

/** Makes a default VPC in every region that has none, by calls of its API: an account in use has them, a new one has not. */
export async function seedDefaultVpcs({ url, truth }: Pick<Emulator, 'url' | 'truth'>): Promise<void> {
  const { vpcs } = truth().resources;
  for (const { slug: region } of REGIONS.filter(({ slug }) => !vpcs.some((vpc) => vpc.default && vpc.region === slug))) {
    const headers = { authorization: 'Bearer emulator-seed', 'content-type': 'application/json' };
    const body = JSON.stringify({ name: `default-${region}`, region });
    const answer = await fetch(`${url}/v2/vpcs`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`expected a default VPC in ${region}, got ${answer.status}: ${await answer.text()}`);
  }
}
