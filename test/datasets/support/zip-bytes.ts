import { crc32, deflateRawSync } from 'node:zlib';

/** An entry as it shall stand in a zip, true or not. */
export interface ZipEntry {
  readonly name: string;
  readonly content: Uint8Array;
  /** Type and rights, as of `stat`. Default: a file. */
  readonly mode?: number;
  readonly deflate?: boolean;
  /** What the directory says of its length. Default: the truth. */
  readonly saidBytes?: number;
  /** What the directory says of its checksum. Default: the truth. */
  readonly saidCrc?: number;
  /** Default: none. 1: encrypted. */
  readonly flags?: number;
  /** Index of the entry whose bytes are this one's too. */
  readonly sameAs?: number;
}

/** A zip, byte by byte, without the checks that makers of zips have. */
export function zipBytes(entries: readonly ZipEntry[]): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const entry of entries) {
    const packed = entry.deflate === true ? deflateRawSync(entry.content) : Buffer.from(entry.content);
    const at = entry.sameAs === undefined ? offset : (offsets[entry.sameAs] ?? 0);
    const header = fields(entry, packed);
    offsets.push(at);
    directory.push(centralHeader(entry, header, at));
    if (entry.sameAs === undefined) {
      const local = Buffer.concat([Buffer.from('PK\x03\x04'), header, Buffer.from(entry.name), packed]);
      pieces.push(local);
      offset += local.length;
    }
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...pieces, central, endRecord(entries.length, central.length, offset)]);
}

/** What local and central headers have in common. */
function fields(entry: ZipEntry, packed: Buffer): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0);
  header.writeUInt16LE(0x800 | (entry.flags ?? 0), 2);
  header.writeUInt16LE(entry.deflate === true ? 8 : 0, 4);
  header.writeUInt32LE(entry.saidCrc ?? crc32(entry.content), 10);
  header.writeUInt32LE(packed.length, 14);
  header.writeUInt32LE(entry.saidBytes ?? entry.content.length, 18);
  header.writeUInt16LE(Buffer.byteLength(entry.name), 22);
  return header;
}

function centralHeader(entry: ZipEntry, header: Buffer, offset: number): Buffer {
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
  rest.writeUInt32LE(offset, 10);
  // 0x031e: made on Unix, so that the mode counts.
  return Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([0x1e, 0x03]), header, rest, Buffer.from(entry.name)]);
}

function endRecord(entries: number, bytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries & 0xffff, 8);
  end.writeUInt16LE(entries & 0xffff, 10);
  end.writeUInt32LE(bytes, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}
