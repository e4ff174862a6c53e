// The parts of a live view as they come over one connection: multipart/x-mixed-replace, each part with its length.

/** A part with more bytes than the hub ever sends means that something else answers. */
const PART_BYTES_MAX = 2 * 1_024 * 1_024;
const HEAD_BYTES_MAX = 4 * 1_024;

const BREAK = [13, 10, 13, 10];

export interface Part {
  /** Names in small letters. */
  headers: ReadonlyMap<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

/** Takes bytes as they come and gives whole parts. */
export class PartReader {
  private held = new Uint8Array(0);

  /** The parts that are whole with these bytes. */
  push(bytes: Uint8Array): Part[] {
    const joined = new Uint8Array(this.held.length + bytes.length);
    joined.set(this.held);
    joined.set(bytes, this.held.length);
    this.held = joined;
    const parts: Part[] = [];
    for (let part = this.next(); part; part = this.next()) parts.push(part);
    return parts;
  }

  private next(): Part | null {
    const end = endOfHead(this.held);
    if (end === -1) {
      if (this.held.length > HEAD_BYTES_MAX) throw new Error('a part without a head');
      return null;
    }
    const headers = headersOf(new TextDecoder().decode(this.held.subarray(0, end)));
    const length = Number(headers.get('content-length') ?? Number.NaN);
    if (!Number.isInteger(length) || length < 0 || length > PART_BYTES_MAX) throw new Error('a part without a length');
    const start = end + BREAK.length;
    if (this.held.length < start + length) return null;
    const body = this.held.slice(start, start + length);
    this.held = this.held.slice(start + length);
    return { headers, body };
  }
}

function endOfHead(bytes: Uint8Array): number {
  for (let at = 0; at + BREAK.length <= bytes.length; at += 1) {
    if (at > HEAD_BYTES_MAX) return -1;
    if (BREAK.every((byte, place) => bytes[at + place] === byte)) return at;
  }
  return -1;
}

function headersOf(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}
