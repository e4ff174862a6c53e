// A stream as of a province: passes everything on to the hub but its stream, and in that tells real events of the hub again
// and again, each with an identity and a moment of its own.
import { randomUUID } from 'node:crypto';
import type { Caller } from '../hub';
import { between } from './pass-on';

const KINDS = [
  ['passage', 'passages', '/api/v1/passages?limit=200'],
  ['plate', 'plates', '/api/v1/plates?limit=200'],
  ['decision', 'decisions', '/api/v1/decisions?limit=200'],
] as const;

/** How often it is looked at what is due. */
const EVERY_MS = 20;

type Told = { name: string; what: Record<string, unknown> };

async function eventsOf(hub: Caller): Promise<Told[]> {
  const all: Told[] = [];
  for (const [name, list, path] of KINDS) {
    const answer = await hub.get<Record<string, Record<string, unknown>[]>>(path);
    for (const what of answer[list] ?? []) all.push({ name, what });
  }
  return all;
}

export interface Flood {
  address: string;
  /** Events told so far. */
  told(): number;
  end(): void;
}

/** Tells `perMinute` events a minute to every page that opens the stream at `address`. */
export async function flood(hub: Caller, hubAddress: string, perMinute: number): Promise<Flood> {
  const events = await eventsOf(hub);
  let told = 0;
  const timers = new Set<ReturnType<typeof setInterval>>();
  const server = await between(hubAddress, (asked, answer) => {
    if (!asked.url?.startsWith('/api/v1/stream')) return false;
    answer.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    answer.write(`event: hello\ndata: ${JSON.stringify({ version: 'flood' })}\n\n`);
    const began = Date.now();
    let mine = 0;
    const timer = setInterval(() => {
      // A busy computer comes late: what is due by now is told all the same.
      const due = ((Date.now() - began) * perMinute) / 60_000;
      for (; mine < due; mine += 1) {
        const event = events[told % events.length];
        if (!event) return;
        told += 1;
        const at = new Date().toISOString();
        const data = { ...event.what, id: randomUUID(), at, from: at, to: at };
        answer.write(`event: ${event.name}\ndata: ${JSON.stringify(data)}\n\n`);
      }
    }, EVERY_MS);
    timers.add(timer);
    answer.on('close', () => {
      clearInterval(timer);
      timers.delete(timer);
    });
    return true;
  });
  return {
    address: server.address,
    told: () => told,
    end: () => {
      for (const timer of timers) clearInterval(timer);
      server.end();
    },
  };
}
