// The hub's API. The shapes are generated from its OpenAPI document; see `npm run generate`.
import createClient, { type Middleware } from 'openapi-fetch';
import { isAtHand } from '../app/hand';
import type { paths } from './schema';
import type { FieldProblem, Problem } from './types';

/** A refusal of the hub, or no answer at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** The status; 0 where nothing answered. */
    readonly status: number,
    /** The last part of the problem's type, such as `password_wrong`. */
    readonly kind: string,
    readonly detail: string,
    /** How long to wait before the same is asked again, where waiting helps. */
    readonly waitMs: number | null = null,
    /** What is wrong by field, where the hub looked at several. */
    readonly fields: readonly FieldProblem[] = [],
  ) {
    super(detail);
  }
}

/** What every write carries besides: set when a session begins. */
let csrf: string | null = null;
let onUnauthorised: () => void = () => {};

export function setCsrf(token: string | null): void {
  csrf = token;
}

/** Is told when the hub no longer knows the session. */
export function whenUnauthorised(told: () => void): void {
  onUnauthorised = told;
}

function carry(headers: Headers, method: string): void {
  if (csrf && method !== 'GET') headers.set('x-csrf-token', csrf);
  if (!isAtHand()) headers.set('x-gatehouse-background', '1');
}

const carried: Middleware = {
  onRequest({ request }) {
    carry(request.headers, request.method);
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: '' });
api.use(carried);

/** The problem in an answer that is not a success. */
export function problemOf(status: number, body: unknown): ApiError {
  const problem: Partial<Problem> = typeof body === 'object' && body !== null ? body : {};
  const kind = (problem.type ?? '').split(/[/:#]/).pop() ?? '';
  const waitMs = problem.retry_after_s == null ? null : problem.retry_after_s * 1_000;
  return new ApiError(status, kind, problem.detail ?? problem.title ?? `HTTP ${status}`, waitMs, problem.fields);
}

function unreachable(cause: unknown): ApiError {
  return new ApiError(0, 'network', cause instanceof Error ? cause.message : String(cause));
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** A success, or an error that says why not. */
export async function answered<T>(asked: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw unreachable(cause);
  }
  if (!answer.response.ok) throw problemOf(answer.response.status, answer.error);
  return answer;
}

async function told<T>(asked: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await answered(asked);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) onUnauthorised();
    throw error;
  }
}

/** An answer that is no JSON, such as a picture, to be read as it comes; an error says why not. */
export async function open(path: string, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers();
  carry(headers, 'GET');
  const asked = fetch(path, signal ? { headers, signal } : { headers });
  const whole = asked.then(async (response) =>
    response.ok ? { response } : { response, error: await response.json().catch(() => null) },
  );
  return (await told<undefined>(whole)).response;
}

/** What was asked for, or an error that says why not. */
export async function take<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, response } = await told(asked);
  if (data === undefined) throw problemOf(response.status, null);
  return data;
}

/** That it was done, where the answer holds nothing. */
export async function done(asked: Promise<Answer<unknown>>): Promise<void> {
  await told(asked);
}
