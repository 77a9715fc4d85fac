import { expect, onTestFinished } from 'vitest';
import { createEmulator, type Emulator } from '../../../src/cloud/emulator/create-emulator.ts';
import type { EmulatorOptions } from '../../../src/cloud/emulator/options.ts';
import { loadDescription } from '../../support/cloud-description.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

export const TOKEN = 'dop_v1_of_the_tests';

/** An answer in the shape of which a test picks what it looks at. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- what comes back is what is tested
  readonly body: any;
}

export interface Rig {
  readonly emulator: Emulator;
  readonly clock: ManualClock;
  /** Asks as `GET /v2/account`, and holds the exchange against the official description when there is one. */
  ask(what: string, body?: unknown): Promise<Reply>;
  /** The same, where it must be accepted. */
  ok(what: string, body?: unknown): Promise<Reply['body']>;
  /** Moves the clock on until nothing is in progress any more. */
  settle(): void;
}

const description = loadDescription();

/** An emulator on a clock that stands still, for the time of a test. */
export async function emulated(options: EmulatorOptions = {}): Promise<Rig> {
  const clock = manualClock();
  const emulator = await createEmulator({ clock, ...options });
  onTestFinished(() => emulator.close());
  const ask = async (what: string, body?: unknown): Promise<Reply> => {
    const reply = await send(emulator.url, what, { body });
    const [method = '', path = ''] = what.split(' ');
    const url = new URL(path, emulator.url);
    expect(
      description?.mismatches({ method, url, request: body, status: reply.status, headers: reply.headers, answer: reply.body }) ?? [],
    ).toEqual([]);
    return reply;
  };
  const ok: Rig['ok'] = async (what, body) => {
    const reply = await ask(what, body);
    expect(reply, `${what}: ${JSON.stringify(reply.body)}`).toMatchObject({ status: expect.toSatisfy((status: number) => status < 300) });
    return reply.body;
  };
  return { emulator, clock, ask, ok, settle: () => clock.advance(10_000) };
}

/** A request as it is, held against nothing. The token may be another one, or null for none. */
export async function send(
  origin: string,
  what: string,
  { body, token = TOKEN }: { body?: unknown; token?: string | null } = {},
): Promise<Reply> {
  const [method = '', path = ''] = what.split(' ');
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(new URL(path, origin), {
    method,
    headers: { ...authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

export const DROPLET = { name: 'web-1', region: 'nyc3', size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' };

/** A droplet that is active. */
export async function madeDroplet(rig: Rig, wishes: object = {}): Promise<Reply['body']> {
  const { droplet } = await rig.ok('POST /v2/droplets', { ...DROPLET, ...wishes });
  rig.settle();
  return (await rig.ok(`GET /v2/droplets/${droplet.id}`)).droplet;
}

export async function madeVolume(rig: Rig, wishes: object = {}): Promise<Reply['body']> {
  return (await rig.ok('POST /v2/volumes', { name: 'data', region: 'nyc3', size_gigabytes: 10, ...wishes })).volume;
}
