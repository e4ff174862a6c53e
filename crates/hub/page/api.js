// Questions to the hub and its stream of updates. This, session.js and shapes.js are all that know the API.

import { retryPause } from './link.js';
import { isByItself, may, sessionOver } from './session.js';
import {
  accuracyOf, alarmOf, countsOf, decisionDetailOf, decisionOf, gateOf, incidentOf, nodeOf, passageOf, plateDetailOf, plateOf, siteOf,
} from './shapes.js';

const ROOT = 'api/v1/';
/** Longest wait for an answer. */
const WAIT_MS = 15_000;
/** Passages of one page. */
const PAGE_ROWS = 30;
/** Plates, or decisions, of one page. */
const PLATE_PAGE_ROWS = 12;
/** Incidents of one page. */
const INCIDENT_PAGE_ROWS = 10;
/** Alarms asked for; open ones come first. */
const ALARMS_MAX = 100;

/** A page of a list that the reader may not see. */
const NOTHING = { rows: [], next: null };

/** Why a question got no answer. `kind` is `network` or `answer`; the message is for people. */
export class ApiError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/** How far the hub's clock is ahead of this machine's, in milliseconds. */
let clockAhead = 0;

/** The time by the hub's clock, so that ages are right on a phone whose clock is wrong. */
export function hubNow() {
  return Date.now() + clockAhead;
}

/** HTTP tells whole seconds only: a difference that may be rounding and travel time is none. */
function readClock(date) {
  const ahead = Date.parse(date) + 500 - Date.now();
  if (Number.isFinite(ahead)) clockAhead = Math.abs(ahead) < 2000 ? 0 : ahead;
}

async function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value != null);
  const query = given.length ? `?${new URLSearchParams(given)}` : '';
  let response;
  let body;
  try {
    const headers = isByItself() ? { 'x-gatehouse-background': '1' } : {};
    response = await fetch(`${ROOT}${path}${query}`, { cache: 'no-store', headers, signal: AbortSignal.timeout(WAIT_MS) });
    readClock(response.headers.get('date'));
    body = await response.text();
  } catch (cause) {
    throw new ApiError('network', cause.message);
  }
  if (response.status === 401) sessionOver();
  let json;
  try {
    json = JSON.parse(body);
  } catch {
    // A proxy that answers in the hub's place answers in HTML.
    throw new ApiError('answer', `${response.status} ${response.statusText}`);
  }
  if (!response.ok) throw new ApiError('answer', `${json.detail ?? json.title ?? response.statusText} (${response.status})`);
  return json;
}

/** Names of all sites. */
export async function loadSites() {
  return (await get('sites')).sites.map((json) => json.site);
}

/** Every gate as it stands. */
export async function loadGates() {
  return (await get('gates')).gates.map(gateOf);
}

/** Every node as it stands. */
export async function loadNodes() {
  if (!may('nodes.read')) return [];
  return (await get('nodes')).nodes.map(nodeOf);
}

/** Alarms, open ones first. */
export async function loadAlarms() {
  if (!may('nodes.read')) return [];
  return (await get('alarms', { limit: ALARMS_MAX })).alarms.map(alarmOf);
}

/** Passages per minute from one moment to another. */
export async function loadCounts({ site, gate, from, to }) {
  const text = (ms) => new Date(ms).toISOString();
  return countsOf(await get('counts', { site, gate, from: text(from), to: text(to), bucket: 'minute' }));
}

/** One page of passages, newest first: `{ rows, next }`. */
export async function loadPassages({ site, gate, before }) {
  if (!may('events.read')) return NOTHING;
  const json = await get('passages', { site, gate, before, limit: PAGE_ROWS });
  return { rows: json.passages.map(passageOf), next: json.next };
}

/** One page of plates, newest first: `{ rows, next }`. */
export async function loadPlates({ site, gate, before }) {
  if (!may('plates.read')) return NOTHING;
  const json = await get('plates', { site, gate, before, limit: PLATE_PAGE_ROWS });
  return { rows: json.plates.map(plateOf), next: json.next };
}

/** One page of incidents, newest first: `{ rows, next }`. */
export async function loadIncidents({ site, gate, before }) {
  if (!may('events.read')) return NOTHING;
  const json = await get('incidents', { site, gate, before, limit: INCIDENT_PAGE_ROWS });
  return { rows: json.incidents.map(incidentOf), next: json.next };
}

/** How far counts can be trusted, of those that were audited. */
export async function loadAccuracies() {
  return (await get('accuracy')).counts.map(accuracyOf);
}

/** Everything that led to the result of one plate. */
export async function loadPlate(id) {
  return plateDetailOf(await get(`plates/${encodeURIComponent(id)}`));
}

/** One page of decisions at lanes, newest first: `{ rows, next }`. */
export async function loadDecisions({ site, gate, before }) {
  if (!may('decisions.read')) return NOTHING;
  const json = await get('decisions', { site, gate, before, limit: PLATE_PAGE_ROWS });
  return { rows: json.decisions.map(decisionOf), next: json.next };
}

/** Every check that led to one decision. */
export async function loadDecision(id) {
  return decisionDetailOf(await get(`decisions/${encodeURIComponent(id)}`));
}

/** Where a picture is. */
export function pictureAddress(picture) {
  return picture.address;
}

/**
 * Follows the stream for ever. Calls `opened(version)` when the hub begins to tell, `updated({ gate | inside | node |
 * passage | plate | incident | stored })` for each change, `reset()` when what is known is void, and `lost()` when the stream breaks. Returns a
 * function that gives the stream up and opens a new one.
 */
export function openStream({ opened, updated, reset, lost }) {
  let source = null;
  let last = null;
  let tries = 0;
  let timer = 0;

  function open() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(`${ROOT}stream${last === null ? '' : `?after=${last}`}`);
    const on = (name, take) => source.addEventListener(name, (event) => {
      last = event.lastEventId || last;
      take(JSON.parse(event.data));
    });
    on('hello', ({ version }) => {
      tries = 0;
      opened(version);
    });
    on('gate', (json) => updated({ gate: gateOf(json) }));
    on('site', (json) => updated({ inside: siteOf(json) }));
    on('node', (json) => updated({ node: nodeOf(json) }));
    on('passage', (json) => updated({ passage: passageOf(json) }));
    on('plate', (json) => updated({ plate: plateOf(json) }));
    on('decision', (json) => updated({ decision: decisionOf(json) }));
    on('incident', (json) => updated({ incident: incidentOf(json) }));
    on('blob', (json) => updated({ stored: json.sha256 }));
    on('reset', () => {
      last = null;
      reset();
    });
    source.addEventListener('error', () => {
      lost();
      // The browser itself tries again after a break, but not after a refusal.
      if (source.readyState === EventSource.CLOSED) again();
    });
  }

  function again() {
    clearTimeout(timer);
    timer = setTimeout(open, retryPause(tries++, Math.random()));
  }

  open();
  return () => {
    lost();
    source.close();
    again();
  };
}
