import { expect, it } from 'vitest';
import { emulated, madeVolume, send } from './rig.ts';

it('refuses a request without a bearer token, and does nothing', async () => {
  const { emulator } = await emulated();
  const refused = await send(emulator.url, 'POST /v2/tags', { body: { name: 'a' }, token: null });
  expect(refused).toMatchObject({ status: 401, body: { id: 'unauthorized', message: 'Unable to authenticate you' } });
  expect(emulator.truth().created).toEqual({});
});

it('answers an operation that is not emulated by 501, so that it is never taken for something deleted', async () => {
  const { emulator } = await emulated();
  expect(await send(emulator.url, 'DELETE /v2/kubernetes/clusters/1')).toMatchObject({ status: 501, body: { id: 'not_emulated' } });
  expect(await send(emulator.url, 'DELETE /v2/droplets?tag_name=all')).toMatchObject({ status: 501 });
});

it.each([
  ['text that is no JSON', '{"name":', 400],
  ['a body of another shape', '{"name":7}', 422],
  ['a body that is too long', JSON.stringify({ name: 'x'.repeat(1_048_577) }), 413],
])('refuses %s', async (_name, body, status) => {
  const { emulator } = await emulated();
  const refused = await send(emulator.url, 'POST /v2/vpcs', { body });
  expect(refused.status).toBe(status);
  expect(refused.body).toMatchObject({ id: expect.any(String), message: expect.any(String), request_id: expect.any(String) });
});

it('answers a list in pages of 20 whose links lead to the end and back', async () => {
  const rig = await emulated();
  for (let n = 0; n < 45; n += 1) await rig.ok('POST /v2/tags', { name: `tag-${n}` });
  const pages = [];
  let next: string | undefined = `${rig.emulator.url}/v2/tags`;
  while (next !== undefined) {
    const { pathname, search } = new URL(next);
    const page = await rig.ok(`GET ${pathname}${search}`);
    pages.push(page);
    next = page.links.pages?.next;
  }
  const names = pages.map(({ tags }) => tags.map(({ name }: { name: string }) => name));
  expect(names.map(({ length }) => length)).toEqual([20, 20, 5]);
  expect(names.flat()).toEqual(Array.from({ length: 45 }, (_, n) => `tag-${n}`));
  expect(pages.map(({ meta }) => meta.total)).toEqual([45, 45, 45]);
  expect(pages[0].links.pages).toEqual({ next: expect.stringMatching(/page=2$/), last: expect.stringMatching(/page=3$/) });
  expect(pages[2].links.pages).toEqual({ first: expect.stringMatching(/page=1$/), prev: expect.stringMatching(/page=2$/) });
});

it('keeps the filters of a list in the links to its pages', async () => {
  const rig = await emulated();
  for (const name of ['a', 'b']) await madeVolume(rig, { name });
  await madeVolume(rig, { name: 'a', region: 'ams3' });
  const { links } = await rig.ok('GET /v2/volumes?region=nyc3&per_page=1');
  const { search } = new URL(links.pages.next);
  expect((await rig.ok(`GET /v2/volumes${search}`)).volumes).toMatchObject([{ name: 'b' }]);
});

it.each(['per_page=201', 'per_page=0', 'page=0', 'page=x'])('refuses the page %s', async (query) => {
  const rig = await emulated();
  expect((await rig.ask(`GET /v2/tags?${query}`)).status).toBe(422);
});

it('says what the account may have, and what state it is in', async () => {
  const rig = await emulated({ limits: { droplets: 7 } });
  expect((await rig.ok('GET /v2/account')).account).toMatchObject({ droplet_limit: 7, status: 'active' });
  rig.emulator.change({ type: 'account', set: { status: 'locked', status_message: 'unpaid' } });
  expect((await rig.ok('GET /v2/account')).account).toMatchObject({ status: 'locked', status_message: 'unpaid' });
});
