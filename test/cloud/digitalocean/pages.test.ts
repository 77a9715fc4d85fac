import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDroplets } from '../../../src/cloud/digitalocean/droplets.ts';
import { listTags } from '../../../src/cloud/digitalocean/tags.ts';
import { startAnswers } from '../answers.ts';
import type { Answers } from '../answers.ts';
import { testApi } from '../volume-world.ts';
import { droplet } from './droplet.ts';

let answers: Answers;
beforeEach(async () => {
  answers = await startAnswers();
});
afterEach(async () => await answers.close());

const tags = (...names: readonly string[]) => names.map((name) => ({ name, resources: {} }));
const next = (url: string) => ({ pages: { next: url } });

test('a list goes on as long as there is a next page, and is complete', async () => {
  const first = { tags: tags('a', 'b'), links: next('https://api.digitalocean.com/v2/tags?page=2&per_page=200'), meta: { total: 3 } };
  answers.say({ body: first }, { body: { tags: tags('c'), links: { pages: { prev: 'x' } }, meta: { total: 3 } } });
  expect(await listTags(testApi(answers.url))).toEqual([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  expect(answers.lines).toEqual(['GET /v2/tags?per_page=200', 'GET /v2/tags?per_page=200&page=2']);
});

test('the token goes to no other host or path that a page names', async () => {
  const other = await startAnswers();
  const evil = { tags: tags('a'), links: next(`${other.url}/v2/steal?page=2`), meta: { total: 2 } };
  answers.say({ body: evil }, { body: { tags: tags('b'), meta: { total: 2 } } });
  await listTags(testApi(answers.url));
  expect([other.lines, answers.lines[1]]).toEqual([[], 'GET /v2/tags?per_page=200&page=2']);
  await other.close();
});

test.each([
  ['fewer items than its total', [{ tags: tags('a'), meta: { total: 2 } }]],
  [
    'one item twice for another that moved',
    [
      { tags: tags('a', 'b'), links: next('/v2/tags?page=2'), meta: { total: 3 } },
      { tags: tags('b'), meta: { total: 3 } },
    ],
  ],
])('a list with %s is refused, to be read again', async (_, pages) => {
  answers.say(...pages.map((body) => ({ body })));
  await expect(listTags(testApi(answers.url))).rejects.toMatchObject({ code: 'LIST_INCOMPLETE', retryable: true });
});

test('a list without end is given up', async () => {
  answers.sayAlways({ body: { tags: tags('a'), links: next('/v2/tags?page=2'), meta: { total: 1 } } });
  await expect(listTags(testApi(answers.url))).rejects.toThrow('at most 500 pages');
  expect(answers.lines).toHaveLength(500);
});

test('an item that is not what was agreed on is named', async () => {
  answers.say({ body: { tags: [{ name: 'a' }, { name: 7 }], meta: { total: 2 } } });
  await expect(listTags(testApi(answers.url))).rejects.toMatchObject({
    code: 'MALFORMED_ANSWER',
    message: expect.stringContaining('tags.1.name'),
  });
});

test('droplets are read from both lists, a droplet that is in both once', async () => {
  const list = (...ids: readonly number[]) => ({ body: { droplets: ids.map((id) => droplet(id)), meta: { total: ids.length } } });
  answers.say(list(1, 2), list(2, 3));
  const droplets = await listDroplets(testApi(answers.url));
  expect(droplets.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(droplets[0]).toEqual({
    id: 1,
    name: 'droplet-1',
    status: 'active',
    locked: false,
    region: 'fra1',
    size: 's-1vcpu-1gb',
    tags: [],
    volume_ids: [],
    vpc_uuid: 'vpc-1',
    addresses: [{ ip_address: '10.0.0.2', type: 'private' }],
  });
  expect(answers.lines).toEqual(['GET /v2/droplets?per_page=200', 'GET /v2/droplets?type=gpus&per_page=200']);
});
