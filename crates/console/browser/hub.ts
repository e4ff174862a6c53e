// The hub's API as the tests use it beside the page: making accounts, reading what was written down.
import { createHmac, randomBytes } from 'node:crypto';
import { type APIRequestContext, request } from '@playwright/test';
import { type Account, needed } from './demo';

export type Grant = { role: string; sites: string[] };

/** Somebody who is signed in. */
export class Caller {
  constructor(
    private readonly context: APIRequestContext,
    private readonly csrf: string,
    readonly id: string,
  ) {}

  async get<T>(path: string): Promise<T> {
    const answer = await this.context.get(path);
    if (!answer.ok()) throw new Error(`GET ${path}: ${answer.status()} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async write<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, data?: object): Promise<T | null> {
    const headers = { 'x-csrf-token': this.csrf };
    const answer = await this.context.fetch(path, { method, headers, ...(data ? { data } : {}) });
    const text = await answer.text();
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${text}`);
    return text === '' ? null : (JSON.parse(text) as T);
  }

  /** Writes the session where a page can take it from. */
  async keep(path: string): Promise<void> {
    await this.context.storageState({ path });
  }

  /** Signs out: an account has few sessions at once, and the oldest gives way to a new one. */
  async end(): Promise<void> {
    await this.context.delete('/api/v1/session', { headers: { 'x-csrf-token': this.csrf } }).catch(() => null);
    await this.context.dispose();
  }
}

/** The account that the demo made. */
export function administrator(): Account {
  return { name: needed('GATEHOUSE_NAME'), password: needed('GATEHOUSE_PASSWORD') };
}

export function address(): string {
  return needed('GATEHOUSE_ADDRESS');
}

export async function signedIn(baseURL: string, account: Account): Promise<Caller> {
  const context = await request.newContext({ baseURL });
  const { name, password } = account;
  const answer = await context.post('/api/v1/session', { data: { name, password } });
  if (!answer.ok()) throw new Error(`${name} cannot sign in: ${await answer.text()}`);
  const session = (await answer.json()) as { csrf: string; account: { id: string } };
  return new Caller(context, session.csrf, session.account.id);
}

/** A name that no account has. */
export function newName(role: string): string {
  return `${role.replaceAll('_', '-')}-${randomBytes(3).toString('hex')}`;
}

export function newPassword(): string {
  return randomBytes(12).toString('base64url');
}

/** Makes an account with a password that it need not change any more. */
export async function made(by: Caller, grants: Grant[], language = 'vi'): Promise<Account & { id: string }> {
  const name = newName(grants[0]?.role ?? 'nobody');
  const [first, password] = [newPassword(), newPassword()];
  await by.write('POST', '/api/v1/accounts', { name, display_name: name, language, password: first, grants });
  const own = await signedIn(address(), { name, password: first });
  await own.write('POST', `/api/v1/accounts/${own.id}/password`, { password, current: first });
  await own.end();
  return { name, password, id: own.id };
}

export const everywhere = (...roles: string[]): Grant[] => roles.map((role) => ({ role, sites: ['*'] }));

const STEP_S = 30;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The six digits of an authenticator (RFC 6238), `steps` from now. */
export function codeOf(secret: string, steps = 0): string {
  const bits = [...secret.replace(/\s/g, '')].map((char) => BASE32.indexOf(char).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1_000 / STEP_S) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = (hash.at(-1) ?? 0) & 0xf;
  return String((hash.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}
