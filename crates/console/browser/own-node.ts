// A node of the tests: its key, its signed events and status, and what it answers to orders. Speaks MQTT 3.1.1 itself.
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const KEEPALIVE_S = 60;
const PACKET = { connect: 0x10, connack: 2, publish: 3, subscribe: 0x82, suback: 9 } as const;

export interface Heard {
  id: string;
  action: string;
  lane?: string;
  answers?: string;
  by: string;
  reason: string;
}

/** What it answers; nothing where it stays silent. */
export type Answering = (order: Heard) => { outcome: 'given' | 'refused'; reason?: string } | null;

/** JSON as RFC 8785 writes it: these have no numbers but small whole ones. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, what]) => what !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, what]) => `${JSON.stringify(name)}:${canonical(what)}`).join(',')}}`;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function packet(head: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let left = body.length; ; ) {
    const digit = left % 128;
    left = Math.floor(left / 128);
    length.push(left > 0 ? digit | 0x80 : digit);
    if (left === 0) break;
  }
  return Buffer.concat([Buffer.from([head, ...length]), body]);
}

export class OwnNode {
  readonly heard: Heard[] = [];
  private seq = 0;
  private prev = '0'.repeat(64);

  private constructor(
    private readonly socket: Socket,
    private readonly key: KeyObject,
    readonly site: string,
    readonly node: string,
    private answering: Answering,
  ) {}

  /** A new key, and its public half as the hub takes it. */
  static key(): { secret: KeyObject; text: string } {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    return { secret: privateKey, text: publicKey.export({ format: 'jwk' }).x ?? '' };
  }

  static async start(port: number, secret: KeyObject, site: string, node: string): Promise<OwnNode> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const own = new OwnNode(socket, secret, site, node, () => ({ outcome: 'given' }));
    const subscribed = new Promise<void>((resolve) => own.read(resolve));
    const will = [text(own.topic('status')), text(JSON.stringify({ state: 'offline', version: '1' }))];
    const keepalive = Buffer.from([0, KEEPALIVE_S]);
    // Clean session, a retained last will.
    const flags = Buffer.from([4, 0b0010_0110]);
    socket.write(packet(PACKET.connect, text('MQTT'), flags, keepalive, text(`node-${node}`), ...will));
    socket.write(packet(PACKET.subscribe, Buffer.from([0, 1]), text(own.topic('order')), Buffer.from([1])));
    await subscribed;
    const status = { state: 'online', version: '1', at: new Date().toISOString() };
    own.publish('status', JSON.stringify(status), true);
    return own;
  }

  answer(answering: Answering): void {
    this.answering = answering;
  }

  /** Ends it as a power cut would: its last will is told. */
  kill(): void {
    this.socket.destroy();
  }

  /** Somebody came whom the lane refers to the guard. */
  refers(lane: string, number: string, key: string): void {
    const plate = { event: randomUUID(), camera: 'cam-1', visit: 1, key };
    const detail = 'refer: in no list';
    const what = { lane, gate: null, number, verdict: 'refer', reason: 'unknown-credential', detail };
    this.says('access_decided', { ...what, subjects: [], method: 'plate', plate, trail: [], evidence: [] });
  }

  /** Something happened at a lane. */
  happened(lane: string, change: string, more: object = {}): void {
    this.says('lane_changed', { lane, gate: null, change, ...more });
  }

  private topic(channel: string): string {
    return `gatehouse/v1/${this.site}/${this.node}/${channel}`;
  }

  private publish(channel: string, message: string, isRetained = false): void {
    this.socket.write(packet(0x30 | (isRetained ? 1 : 0), text(this.topic(channel)), Buffer.from(message)));
  }

  private signed(prefix: string, body: object): string {
    const bytes = Buffer.from(prefix + canonical(body));
    return canonical({ ...body, sig: sign(null, bytes, this.key).toString('base64url') });
  }

  private says(kind: string, payload: object): void {
    this.seq += 1;
    const place = { site: this.site, node: this.node, seq: this.seq, prev: this.prev };
    const clock = { source: 'media', offset_ms: 0 };
    const body = { v: 1, ...place, id: randomUUID(), at: new Date().toISOString(), clock, kind, payload };
    const prefix = 'gatehouse-event-v1\n';
    this.prev = createHash('sha256')
      .update(prefix + canonical(body))
      .digest('hex');
    this.publish('event', this.signed(prefix, body));
  }

  private read(subscribed: () => void): void {
    let waiting = Buffer.alloc(0);
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      for (;;) {
        let [length, at] = [0, 1];
        while (at < waiting.length) {
          const digit = waiting[at] ?? 0;
          length += (digit & 0x7f) * 128 ** (at - 1);
          at += 1;
          if (digit < 0x80) break;
        }
        if (waiting.length < 2 || waiting.length < at + length) return;
        const [head, body] = [waiting[0] ?? 0, waiting.subarray(at, at + length)];
        waiting = waiting.subarray(at + length);
        if (head >> 4 === PACKET.suback) subscribed();
        else if (head >> 4 === PACKET.publish) this.take(head, body);
      }
    });
  }

  private take(head: number, body: Buffer): void {
    const topic = 2 + body.readUInt16BE(0);
    const isConfirmed = (head & 0b0110) !== 0;
    if (isConfirmed) this.socket.write(packet(0x40, body.subarray(topic, topic + 2)));
    const order = JSON.parse(body.subarray(topic + (isConfirmed ? 2 : 0)).toString()) as Heard;
    this.heard.push(order);
    const said = this.answering(order);
    if (!said) return;
    const { site, node } = this;
    const answer = {
      order: order.id,
      site,
      node,
      outcome: said.outcome,
      reason: said.reason,
      at: new Date().toISOString(),
    };
    this.publish('answer', this.signed('gatehouse-order-answer-v1\n', answer));
  }
}
