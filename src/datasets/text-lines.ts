import { createReadStream } from 'node:fs';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 256 * 1024;

export interface TextLine {
  /** From 1. */
  readonly number: number;
  /** Without its end, LF or CRLF; null when it is longer than allowed. */
  readonly text: string | null;
}

export interface TextLineOptions {
  readonly maxLineBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** The lines of a UTF-8 file, in bounded memory whatever their length; a byte order mark is taken away. */
export async function* textLines(file: string, { maxLineBytes, signal }: TextLineOptions): AsyncGenerator<TextLine> {
  let number = 0;
  let rest = new LineStart(maxLineBytes);
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES, signal })) {
    const bytes = chunk as Buffer;
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      rest.add(bytes.subarray(start, end));
      yield { number: ++number, text: rest.text(number) };
      rest = new LineStart(maxLineBytes);
      start = end + 1;
    }
    rest.add(bytes.subarray(start));
  }
  if (rest.bytes > 0) yield { number: ++number, text: rest.text(number) };
}

/** What is known of a line before its end has come; what is too long is counted and not kept. */
class LineStart {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(piece: Buffer): void {
    this.bytes += piece.length;
    if (this.bytes > this.#maxBytes) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  text(number: number): string | null {
    if (this.bytes > this.#maxBytes) return null;
    const text = Buffer.concat(this.#pieces).toString('utf8').replace(/\r$/, '');
    return number === 1 ? text.replace(/^\uFEFF/, '') : text;
  }
}
