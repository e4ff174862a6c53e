// The hub's API. The shapes are generated from its OpenAPI document; see `npm run generate`.
import createClient, { type Middleware } from 'openapi-fetch';
import type { paths } from './schema';

/** What the hub answers where it refuses: RFC 9457. */
export interface ProblemBody {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
}

/** A refusal of the hub, or no answer at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** The status; 0 where nothing answered. */
    readonly status: number,
    /** The last part of the problem's type, such as `password_wrong`. */
    readonly kind: string,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/** What every request carries besides: set when a session begins. */
let csrf: string | null = null;
let onUnauthorised: () => void = () => {};

export function setCsrf(token: string | null): void {
  csrf = token;
}

/** Is told when the hub no longer knows the session. */
export function whenUnauthorised(told: () => void): void {
  onUnauthorised = told;
}

const carried: Middleware = {
  onRequest({ request }) {
    if (csrf && request.method !== 'GET') request.headers.set('x-csrf-token', csrf);
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: '' });
api.use(carried);

/** The problem in an answer that is not a success. */
export function problemOf(status: number, body: unknown): ApiError {
  const problem: ProblemBody = typeof body === 'object' && body !== null ? body : {};
  const kind = (problem.type ?? '').split(/[/:#]/).pop() ?? '';
  return new ApiError(status, kind, problem.detail ?? problem.title ?? `HTTP ${status}`);
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** What was asked for, or an error that says why not. */
export async function take<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'network', cause instanceof Error ? cause.message : String(cause));
  }
  if (answer.response.ok && answer.data !== undefined) return answer.data;
  if (answer.response.status === 401) onUnauthorised();
  throw problemOf(answer.response.status, answer.error);
}

/** Asks a path that the description of the API does not have yet; `null` where the answer is empty. */
export async function ask<T>(
  path: string,
  init: { method?: string; body?: unknown; purpose?: string } = {},
): Promise<T> {
  const headers = new Headers({ accept: 'application/json' });
  if (init.body !== undefined) headers.set('content-type', 'application/json');
  if (csrf && init.method && init.method !== 'GET') headers.set('x-csrf-token', csrf);
  if (init.purpose) headers.set('x-purpose', encodeURIComponent(init.purpose));
  let response: Response;
  try {
    const body = init.body === undefined ? null : JSON.stringify(init.body);
    response = await fetch(path, { method: init.method ?? 'GET', headers, body, credentials: 'same-origin' });
  } catch (cause) {
    throw new ApiError(0, 'network', cause instanceof Error ? cause.message : String(cause));
  }
  const text = await response.text();
  let body: unknown = null;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    throw new ApiError(response.status, 'not_json', `HTTP ${response.status}`);
  }
  if (!response.ok) {
    if (response.status === 401 && path !== '/api/v1/session') onUnauthorised();
    throw problemOf(response.status, body);
  }
  return body as T;
}
