import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A source of files over HTTP that does what its test says, on a port of this machine that stays the same while it is away. */
export interface ImageSource {
  /** `127.0.0.1:<port>`, as allow lists name it. */
  readonly host: string;
  /** Of a path that begins with `/`. */
  url(path: string): string;
  /** Serves a file from now on. Other paths are 404. */
  serve(path: string, body: Buffer | string): void;
  /** Paths of the requests that came, in order: all, or those that begin so. */
  asked(prefix?: string): readonly string[];
  /** Answers 503 to paths that begin so, and only to them, from now on. */
  down(...prefixes: readonly string[]): void;
  /** Keeps requests to paths that begin so waiting from now on, until they are let through. */
  hold(prefix: string): void;
  /** Requests that wait now. */
  held(): number;
  /** Lets so many of the requests that are held, or will be, through; all of them, and nothing is held any more, by default. */
  release(count?: number): void;
  /** Refuses connections. */
  close(): Promise<void>;
  /** Takes them again. */
  open(): Promise<void>;
}

export async function startImageSource(): Promise<ImageSource> {
  const files = new Map<string, Buffer>();
  const gate = new Gate();
  const asked: string[] = [];
  let broken: readonly string[] = [];
  const answer = (path: string, response: ServerResponse): void => {
    const body = files.get(path);
    if (broken.some((prefix) => path.startsWith(prefix))) response.writeHead(503).end();
    else if (body) response.writeHead(200, { 'content-length': body.length }).end(body);
    else response.writeHead(404).end();
  };
  const listen = (port: number): Promise<Server> => {
    const server = createServer(({ url: path = '' }, response) => {
      asked.push(path);
      gate.pass(path, response, () => answer(path, response));
    });
    return new Promise((resolve) => void server.listen(port, '127.0.0.1', () => resolve(server)));
  };
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return {
    host,
    url: (path) => `http://${host}${path}`,
    serve: (path, body) => void files.set(path, Buffer.from(body)),
    asked: (prefix = '/') => asked.filter((path) => path.startsWith(prefix)),
    down: (...prefixes) => void (broken = prefixes),
    hold: (prefix) => gate.hold(prefix),
    held: () => gate.held,
    release: (count) => gate.release(count),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    open: async () => void (server = await listen(port)),
  };
}

/** Holds requests, and lets them through in the order in which they came. */
class Gate {
  #prefixes: readonly string[] = [];
  /** How many may still pass. */
  #passes = 0;
  readonly #waiting = new Map<ServerResponse, () => void>();

  get held(): number {
    return this.#waiting.size;
  }

  hold(prefix: string): void {
    this.#prefixes = [...this.#prefixes, prefix];
  }

  pass(path: string, response: ServerResponse, answer: () => void): void {
    if (!this.#prefixes.some((prefix) => path.startsWith(prefix))) return answer();
    // Whoever asked may die while it waits; its turn is then another's.
    response.once('close', () => this.#waiting.delete(response));
    this.#waiting.set(response, answer);
    this.#open();
  }

  release(count: number | undefined): void {
    if (count === undefined) this.#prefixes = [];
    this.#passes = count === undefined ? this.#waiting.size : this.#passes + count;
    this.#open();
    if (count === undefined) this.#passes = 0;
  }

  #open(): void {
    for (const [response, answer] of this.#waiting) {
      if (this.#passes === 0) return;
      this.#passes -= 1;
      this.#waiting.delete(response);
      answer();
    }
  }
}
