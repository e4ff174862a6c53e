// Who is signed in: the session, what it may do, and the way in and out. No DOM.

const ROOT = 'api/v1/';
/** Longest wait for an answer; comparing a password takes a while. */
const WAIT_MS = 30_000;
/** Without a hand on the page for so long, what it asks it asks by itself, and the session may end. */
const BY_ITSELF_AFTER_MS = 60_000;

let session = null;
let touchedAt = Date.now();
let over = () => {};

/** A refusal: `kind` is the name of the problem, such as `password_wrong`, or `network`. */
export class Refusal extends Error {
  constructor(kind, message, waitS = null) {
    super(message);
    this.kind = kind;
    this.waitS = waitS;
  }
}

/** Takes the session that the page works with from now on, and what to do when it is over. */
export function keepSession(kept, whenOver) {
  session = kept;
  over = whenOver;
}

export function sessionOver() {
  over();
}

/** Whether the reader may do something somewhere, by the name of the permission. */
export function may(permission) {
  return session?.permissions.includes(permission) ?? false;
}

/** A person did something. */
export function touched() {
  touchedAt = Date.now();
}

export function isByItself(now = Date.now()) {
  return now - touchedAt > BY_ITSELF_AFTER_MS;
}

async function send(method, path, body) {
  const headers = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (session && method !== 'GET') headers['x-csrf-token'] = session.csrf;
  let response;
  let text;
  try {
    const signal = AbortSignal.timeout(WAIT_MS);
    response = await fetch(`${ROOT}${path}`, {
      method, headers, signal, cache: 'no-store', body: body === undefined ? null : JSON.stringify(body),
    });
    text = await response.text();
  } catch (cause) {
    throw new Refusal('network', cause.message);
  }
  let json = null;
  try {
    json = text === '' ? null : JSON.parse(text);
  } catch {
    // A proxy that answers in the hub's place answers in HTML.
  }
  if (response.ok) return json;
  throw refusalOf(response.status, json);
}

/** What a problem says. Pure. */
export function refusalOf(status, problem) {
  const kind = problem?.type?.split(':').pop() ?? '';
  return new Refusal(kind && kind !== 'blank' ? kind : `${status}`, problem?.detail ?? `HTTP ${status}`, problem?.retry_after_s ?? null);
}

/** The session; null where nobody is signed in. */
export async function loadSession() {
  try {
    return await send('GET', 'session');
  } catch (error) {
    if (['login_needed', 'session_over'].includes(error.kind)) return null;
    throw error;
  }
}

/** Whether the first account is still to be made. */
export async function isSetupNeeded() {
  return (await send('GET', 'setup')).needed;
}

export const setUp = ({ code, name, display_name, password, language }) =>
  send('POST', 'setup', { code, name, display_name, password, language });

export const signIn = ({ name, password, totp }) => send('POST', 'session', { name, password, totp: totp || null });

export const signOut = () => send('DELETE', 'session');

/** Sets the own password. */
export const setPassword = (account, { current, password }) => send('POST', `accounts/${account}/password`, { current, password });

/** A new secret for the second factor, `{ secret, uri }`; with a code it is in force. */
export const setTotp = (account, code) => send('POST', `accounts/${account}/totp`, code === undefined ? {} : { code });

/** Which form stands before the board; null where none does. Pure. */
export function formFor({ session: found, setupNeeded }) {
  if (!found) return setupNeeded ? 'setup' : 'sign_in';
  if (found.duties.length > 0) return found.duties[0];
  return found.permissions.includes('figures.read') ? null : 'nothing';
}

/** What is wrong with a new password before the hub is asked; null where nothing is. Pure. */
export function passwordFault(password, again) {
  if ([...password].length < 12) return 'entry_short';
  return password === again ? null : 'entry_differs';
}
