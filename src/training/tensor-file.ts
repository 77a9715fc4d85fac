import { createHash } from 'node:crypto';
import { TrainingError, type TrainingErrorCode } from './errors.ts';

// Layout: 8 bytes of magic, header length (uint32, little endian), JSON header padded with spaces to a multiple of four,
// then float32 values, little endian. The same content always gives the same bytes.

const MAGIC_BYTES = 8;
const PREFIX_BYTES = MAGIC_BYTES + 4;

/** Which kind of file: eight ASCII characters, and the error code for one that cannot be read. */
export interface TensorFormat {
  readonly magic: string;
  readonly corrupt: TrainingErrorCode;
}

/** A decoded file. `header` is parsed JSON, not yet checked. */
export interface TensorFile {
  readonly header: unknown;
  readonly values: Float32Array;
}

/** Writes a header and runs of float32 values into one self-describing block of bytes. */
export function encodeTensors(format: TensorFormat, header: object, runs: readonly Float32Array[]): Uint8Array {
  const payload = Buffer.concat(runs.map((run) => Buffer.from(run.buffer, run.byteOffset, run.byteLength)));
  const json = JSON.stringify({ ...header, payload_sha256: sha256(payload) });
  const padded = Buffer.from(json.padEnd(json.length + ((4 - (Buffer.byteLength(json) % 4)) % 4)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(padded.length);
  const bytes = Buffer.concat([Buffer.from(format.magic, 'ascii'), length, padded, payload]);
  return new Uint8Array(bytes);
}

/**
 * Reads what {@link encodeTensors} wrote and checks its hash.
 *
 * @throws TrainingError `format.corrupt` when the bytes are of another kind, cut short or changed.
 */
export function decodeTensors(format: TensorFormat, bytes: Uint8Array): TensorFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = buffer.subarray(0, MAGIC_BYTES).toString('latin1');
  if (magic !== format.magic) throw corrupt(format, `expected it to begin with ${format.magic}, got ${JSON.stringify(magic)}`);
  if (buffer.length < PREFIX_BYTES) throw corrupt(format, `expected a header, got only ${buffer.length} bytes`);
  const start = PREFIX_BYTES + buffer.readUInt32LE(MAGIC_BYTES);
  const header = parseHeader(format, buffer.subarray(PREFIX_BYTES, start).toString());
  const payload = buffer.subarray(start);
  if (sha256(payload) !== header.payload_sha256)
    throw corrupt(format, `expected values with sha256 ${String(header.payload_sha256)}, got ${sha256(payload)}`);
  // Copied, because the bytes may lie at an address that is no multiple of four.
  return { header, values: new Float32Array(new Uint8Array(payload).buffer) };
}

function parseHeader(format: TensorFormat, json: string): { readonly payload_sha256?: unknown } {
  try {
    const header: unknown = JSON.parse(json);
    if (typeof header === 'object' && header !== null) return header;
  } catch (cause) {
    throw corrupt(format, 'expected a JSON header, got something else', cause);
  }
  throw corrupt(format, 'expected a JSON object as header, got something else');
}

function corrupt(format: TensorFormat, what: string, cause?: unknown): TrainingError {
  return new TrainingError(format.corrupt, `The file cannot be used: ${what}.`, { cause });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
