// What the page knows, and how answers and live updates change it. Pure: no clock, no network, no page.
// Shapes are those that api.js makes; moments are milliseconds since 1970.

import { DAY_MS, dayStart } from './day.js';

/** Most passages kept; beyond it the oldest ones go. */
export const PASSAGES_MAX = 200;
/** Most plates kept; beyond it the oldest ones go. */
export const PLATES_MAX = 100;
/** Most decisions at lanes kept; beyond it the oldest ones go. */
export const DECISIONS_MAX = 100;
/** Most incidents kept; beyond it the oldest ones go. */
export const INCIDENTS_MAX = 50;
/** How far apart a passage and its vehicle's plate are at most. */
const PLATE_OF_PASSAGE_MS = 120_000;
/** Most rows of counts kept; beyond it the chart takes in live passages at the next reload, which sums them up. */
export const COUNT_ROWS_MAX = 50_000;

export const GROUPS = ['person', 'vehicle'];

export function emptyState() {
  return {
    sites: [],
    gates: [],
    nodes: [],
    alarms: [],
    counts: { start: 0, rows: [] },
    passages: { rows: [], next: null },
    plates: { rows: [], next: null },
    decisions: { rows: [], next: null },
    incidents: { rows: [], next: null },
    // How many are inside each site, by its name: more than a sum over gates where it was corrected.
    insides: {},
    // How far counts can be trusted, of those that were audited.
    accuracies: [],
    // What the reader chose; nothing for `gate` means all of them.
    site: null,
    gate: null,
    group: null,
    stepMinutes: 15,
  };
}

/** The gates of the chosen site. */
export function gatesHere(state) {
  return state.gates.filter((gate) => gate.site === state.site);
}

/** The gates that chart and list are about. */
export function gatesChosen(state) {
  return gatesHere(state).filter((gate) => !state.gate || gate.gate === state.gate);
}

/** The site to show: the wished one if it is there, else the first with a gate, else the first. */
export function chooseSite(sites, gates, wished) {
  if (sites.includes(wished)) return wished;
  return sites.find((site) => gates.some((gate) => gate.site === site)) ?? sites[0] ?? null;
}

/**
 * Who went in at one gate may leave by another: only all gates together say how many are inside. `inside` is the hub's
 * word on that, where it is known.
 */
export function wholeSite(gates, inside) {
  const sum = {};
  for (const group of GROUPS) {
    const entered = gates.reduce((n, gate) => n + gate.today[group].entered, 0);
    const left = gates.reduce((n, gate) => n + gate.today[group].left, 0);
    sum[group] = { ...figures(entered, left), ...inside?.[group] };
  }
  return sum;
}

/** In, out and inside; `inside` is never below 0, `unexplained` shows what was missed. */
export function figures(entered, left) {
  const difference = entered - left;
  return { entered, left, inside: Math.max(0, difference), difference, unexplained: Math.max(0, -difference), corrected: null };
}

/** The group that the chart shows when nobody chose: persons, unless only vehicles pass here. */
export function defaultGroup(gates) {
  const passed = (group) => gates.some((gate) => gate.today[group].entered + gate.today[group].left > 0);
  return !passed('person') && passed('vehicle') ? 'vehicle' : 'person';
}

/** Both lists as one, newest first, each row once. The second list wins: it is the newer word. */
export function mergeRows(held, more, max = PASSAGES_MAX) {
  const byId = new Map(held.map((row) => [row.id, row]));
  for (const row of more) byId.set(row.id, row);
  return [...byId.values()].sort(newestFirst).slice(0, max);
}

function newestFirst(a, b) {
  return b.at - a.at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/**
 * Takes in the newest page of passages or plates after a gap. Rows that hang together with it are kept, so that nothing the
 * reader loaded vanishes; where the page does not reach back to them, rows are missing in between and the list
 * begins anew.
 */
export function takeNewest(list, page, max = PASSAGES_MAX) {
  const oldest = page.rows.at(-1);
  const isJoined = !page.next || !oldest || list.rows.some((row) => newestFirst(row, oldest) <= 0);
  if (!isJoined || list.rows.length <= page.rows.length) {
    return { rows: page.rows.slice(0, max), next: page.next };
  }
  return { rows: mergeRows(list.rows, page.rows, max), next: list.next };
}

/** Takes in one older page. */
export function takeOlder(list, page, max = PASSAGES_MAX) {
  return { rows: mergeRows(list.rows, page.rows, max), next: page.next };
}

/** Whether the reader asked to see this passage. */
export function isShown(state, passage) {
  return passage.site === state.site && (!state.gate || passage.gate === state.gate);
}

/** Takes in a live update of openStream. Returns whether anything shown may have changed. */
export function takeUpdate(state, update, now) {
  if (update.gate) return takeGate(state, update.gate);
  if (update.node) {
    state.nodes = replaced(state.nodes, update.node, (node) => node.node === update.node.node);
    return true;
  }
  if (update.inside) {
    state.insides = { ...state.insides, [update.inside.site]: update.inside };
    return true;
  }
  if (update.incident) return takeIncident(state, update.incident);
  if (update.passage) return takePassage(state, update.passage, now);
  if (update.plate) return takePlate(state, update.plate);
  if (update.decision) return takeDecision(state, update.decision);
  return takeStored(state, update.stored);
}

function takeGate(state, gate) {
  state.gates = replaced(state.gates, gate, (held) => held.site === gate.site && held.gate === gate.gate);
  if (!state.sites.includes(gate.site)) state.sites = [...state.sites, gate.site].sort();
  state.site ??= gate.site;
  return true;
}

/** The list with `item` in the place of what it replaces, else at its end. */
function replaced(list, item, isOld) {
  return list.some(isOld) ? list.map((held) => (isOld(held) ? item : held)) : [...list, item];
}

/** A passage that the list holds already changes nothing: the stream repeats what it is not sure was heard. */
function takePassage(state, passage, now) {
  if (!isShown(state, passage) || state.passages.rows.some((row) => row.id === passage.id)) return false;
  state.passages = { ...state.passages, rows: mergeRows(state.passages.rows, [passage]) };
  const { counts } = state;
  const isOfDay = passage.at >= counts.start && passage.at < counts.start + DAY_MS && counts.start === dayStart(now);
  if (isOfDay && counts.rows.length < COUNT_ROWS_MAX) {
    counts.rows.push({ at: passage.at, direction: passage.direction, group: passage.group, count: 1 });
  }
  return true;
}

function takeIncident(state, incident) {
  if (!isShown(state, incident) || state.incidents.rows.some((row) => row.id === incident.id)) return false;
  state.incidents = { ...state.incidents, rows: mergeRows(state.incidents.rows, [incident], INCIDENTS_MAX) };
  return true;
}

function takeStored(state, sha256) {
  const pictures = [
    ...state.passages.rows.map((row) => row.picture),
    ...state.plates.rows.flatMap((row) => [row.picture, ...row.pictures]),
    ...state.decisions.rows.map((row) => row.picture),
  ].filter((picture) => picture?.sha256 === sha256);
  for (const picture of pictures) picture.isStored = true;
  return pictures.length > 0;
}

/** Whether the reader asked to see this plate. */
function isPlateShown(state, plate) {
  return plate.site === state.site && (!state.gate || plate.gates.includes(state.gate));
}

function takePlate(state, plate) {
  if (!isPlateShown(state, plate) || state.plates.rows.some((row) => row.id === plate.id)) return false;
  state.plates = { ...state.plates, rows: mergeRows(state.plates.rows, [plate], PLATES_MAX) };
  return true;
}

function takeDecision(state, decision) {
  const isShownHere = decision.site === state.site && (!state.gate || decision.gate === state.gate);
  if (!isShownHere || state.decisions.rows.some((row) => row.id === decision.id)) return false;
  state.decisions = { ...state.decisions, rows: mergeRows(state.decisions.rows, [decision], DECISIONS_MAX) };
  return true;
}

/**
 * Whether an update may give a listed passage its plate: the hub joins the two, so the passages are asked for again.
 */
export function mayJoinPlate(state, { passage, plate }) {
  const isNear = (passage, plate) => Math.abs(passage.at - plate.at) <= PLATE_OF_PASSAGE_MS;
  const isOfVehicle = (plate) => plate.vehicle != null && plate.outcome === 'read';
  if (plate) return isOfVehicle(plate) && state.passages.rows.some((row) => row.group === 'vehicle' && isNear(row, plate));
  if (passage?.group !== 'vehicle') return false;
  return state.plates.rows.some((row) => isOfVehicle(row) && isNear(passage, row));
}

/**
 * Whether the chart's counts come to what the gates say themselves. They are asked for one after the other, so a
 * passage in between may be in one twice or not at all; then they are asked for again.
 */
export function chartAgrees(state) {
  const gates = gatesChosen(state);
  if (gates.some((gate) => gate.dayStart !== state.counts.start)) return false;
  const sums = { person: { in: 0, out: 0 }, vehicle: { in: 0, out: 0 } };
  for (const row of state.counts.rows) sums[row.group][row.direction] += row.count;
  const today = wholeSite(gates);
  return GROUPS.every((group) => sums[group].in === today[group].entered && sums[group].out === today[group].left);
}
