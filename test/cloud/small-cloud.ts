import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request does, and how it is answered. Without one it does what it is for, and says so. */
export type Behaviour =
  /** Done, and the connection is cut. */
  | 'done, then cut'
  | 'cut'
  | 'done, then silence'
  /** Nothing until `release` is called; then done, and answered. */
  | 'held'
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string>; readonly done?: boolean };

interface SmallVolume {
  readonly id: string;
  readonly name: string;
  readonly size_gigabytes: number;
  readonly region: { readonly slug: string };
  readonly tags: readonly string[];
  readonly droplet_ids: readonly number[];
}

/** Volumes behind HTTP, of which two may have the same name, that fail as they are told. */
export interface SmallCloud {
  readonly url: string;
  readonly volumes: Map<string, SmallVolume>;
  /** `POST /v2/volumes`, in the order in which they came. */
  readonly requests: readonly string[];
  readonly headers: readonly IncomingMessage['headers'][];
  /** How the next requests that begin so behave, one each. */
  next(start: string, ...behaviours: readonly Behaviour[]): void;
  /** So many lists show nothing. */
  hide(lists: number): void;
  asked(start: string): number;
  release(): void;
  close(): Promise<void>;
}

export async function startSmallCloud(): Promise<SmallCloud> {
  const cloud = new Volumes();
  const server = createServer((request, response) => void cloud.serve(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(cloud, { url, close });
}

class Volumes {
  readonly volumes = new Map<string, SmallVolume>();
  readonly requests: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  readonly #plans: { start: string; behaviour: Behaviour }[] = [];
  #hidden = 0;
  #ids = 0;
  #held: (() => void)[] = [];

  next(start: string, ...behaviours: readonly Behaviour[]): void {
    this.#plans.push(...behaviours.map((behaviour) => ({ start, behaviour })));
  }

  hide(lists: number): void {
    this.#hidden = lists;
  }

  asked(start: string): number {
    return this.requests.filter((request) => request.startsWith(start)).length;
  }

  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const line = `${request.method} ${request.url}`;
    this.requests.push(line);
    this.headers.push(request.headers);
    const found = this.#plans.findIndex(({ start }) => line.startsWith(start));
    const behaviour = found < 0 ? undefined : this.#plans.splice(found, 1)[0]?.behaviour;
    const act = (): [number, unknown] => this.#act(request, Buffer.concat(chunks).toString());
    if (behaviour === 'held') await new Promise<void>((resolve) => void this.#held.push(resolve));
    if (behaviour === undefined || behaviour === 'held') answer(response, ...act());
    else this.#misbehave(behaviour, response, act);
  }

  #misbehave(behaviour: Exclude<Behaviour, 'held'>, response: ServerResponse, act: () => [number, unknown]): void {
    if (behaviour === 'done, then cut' || behaviour === 'done, then silence') act();
    if (behaviour === 'done, then cut' || behaviour === 'cut') response.destroy();
    if (typeof behaviour === 'string') return;
    if (behaviour.done) act();
    answer(response, behaviour.status, behaviour.body, behaviour.headers);
  }

  #act({ method, url = '' }: IncomingMessage, body: string): [number, unknown] {
    const { pathname, searchParams } = new URL(url, 'http://small');
    const id = pathname.split('/')[3] ?? '';
    if (method === 'POST') return [201, { volume: this.#create(JSON.parse(body) as SmallVolume & { region: string }) }];
    if (method === 'DELETE') return this.volumes.delete(id) ? [204, undefined] : [404, { id: 'not_found', message: 'none' }];
    const volume = this.volumes.get(id);
    if (id !== '') return volume ? [200, { volume }] : [404, { id: 'not_found', message: 'none' }];
    const shown = this.#hidden-- > 0 ? [] : [...this.volumes.values()];
    return [200, page(shown, Number(searchParams.get('page') ?? 1), Number(searchParams.get('per_page')))];
  }

  #create({ region, ...wanted }: Omit<SmallVolume, 'region'> & { region: string }): SmallVolume {
    const volume = { ...wanted, id: `vol-${++this.#ids}`, region: { slug: region }, droplet_ids: [] };
    this.volumes.set(volume.id, volume);
    return volume;
  }
}

function page(volumes: readonly SmallVolume[], number: number, size: number): unknown {
  const rest = volumes.length > number * size;
  const pages = rest ? { next: `https://api.digitalocean.com/v2/volumes?page=${number + 1}&per_page=${size}` } : {};
  return { volumes: volumes.slice((number - 1) * size, number * size), links: { pages }, meta: { total: volumes.length } };
}

function answer(response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}): void {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { 'x-request-id': 'req-1', ...headers }).end(text);
}
