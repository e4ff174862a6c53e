// Keeps a state up to date: asks the hub for everything, follows its stream, and asks again whenever a gap is possible.

import {
  hubNow, loadAccuracies, loadAlarms, loadCounts, loadDecisions, loadGates, loadIncidents, loadNodes, loadPassages, loadPlates, loadSites,
  openStream,
} from './api.js';
import { DAY_MS, dayStart } from './day.js';
import { retryPause } from './link.js';
import {
  DECISIONS_MAX, INCIDENTS_MAX, PASSAGES_MAX, PLATES_MAX, chartAgrees, chooseSite, emptyState, gatesHere, mayJoinPlate, takeNewest,
  takeOlder, takeUpdate,
} from './state.js';

/** The lists that are loaded page by page. */
const LISTS = {
  passages: { load: loadPassages, max: PASSAGES_MAX },
  plates: { load: loadPlates, max: PLATES_MAX },
  decisions: { load: loadDecisions, max: DECISIONS_MAX },
  incidents: { load: loadIncidents, max: INCIDENTS_MAX },
};

/** Pause between two looks at gates, nodes and alarms: what no live update tells shows up by then. */
const LOOK_EVERY_MS = 20_000;
/** How long after an update the chart is compared with the gates, and how often it is loaded again at most. */
const COMPARE_AFTER_MS = 1500;
const RELOAD_CHART_EVERY_MS = 10_000;

/**
 * Follows the hub from now on and calls `changed` after each change of `state` or of what is returned:
 * `{ isLoaded, error, isStreaming, heardAt, more, refresh, loadMore }`.
 */
export function follow(state, changed) {
  const hub = {
    // Whether `state` was filled once.
    isLoaded: false,
    // Why the last question failed; nothing where it did not.
    error: null,
    isStreaming: false,
    // When the hub was heard last.
    heardAt: null,
    // Loading older rows of each list.
    more: Object.fromEntries(Object.keys(LISTS).map((name) => [name, { isLoading: false, error: null }])),
    refresh,
    loadMore,
  };
  let asking = null;
  let isAskedAgain = false;
  let tries = 0;
  let retryTimer = 0;

  /** Asks for everything; a wish that comes during an answer is granted after it. */
  function refresh() {
    if (asking) isAskedAgain = true;
    else ask(async () => {
      await lookAtGates();
      await lookAtLists();
      hub.isLoaded = true;
    });
  }

  function ask(question) {
    clearTimeout(retryTimer);
    asking = question().then(() => {
      hub.error = null;
      hub.heardAt = hubNow();
      tries = 0;
    }, (error) => {
      hub.error = error;
      retryTimer = setTimeout(refresh, retryPause(tries++, Math.random()));
      // A stream that broke without a word looks open; the question that failed knows better.
      if (error.kind === 'network' && hub.isStreaming) reopen();
      // What fails without being the network's or the hub's fault is a mistake of ours: show it where we look.
      if (!error.kind) console.error(error);
    }).finally(() => {
      asking = null;
      changed();
      if (!isAskedAgain) return;
      isAskedAgain = false;
      refresh();
    });
  }

  async function lookAtGates() {
    const [sites, gates, nodes, alarms, accuracies] =
      await Promise.all([loadSites(), loadGates(), loadNodes(), loadAlarms(), loadAccuracies()]);
    Object.assign(state, { sites, gates, nodes, alarms, accuracies });
    state.site = chooseSite(sites, gates, state.site);
    if (!gatesHere(state).some((gate) => gate.gate === state.gate)) state.gate = null;
  }

  /** The counts of the day and the newest passages, plates and incidents of the chosen gates. */
  async function lookAtLists() {
    const { site, gate } = state;
    if (!site) return;
    const start = dayStart(hubNow());
    const [rows, passages, plates, decisions, incidents] = await Promise.all([
      loadCounts({ site, gate, from: start, to: start + DAY_MS }),
      loadPassages({ site, gate }),
      loadPlates({ site, gate }),
      loadDecisions({ site, gate }),
      loadIncidents({ site, gate }),
    ]);
    if (site !== state.site || gate !== state.gate) return;
    state.counts = { start, rows };
    state.passages = takeNewest(state.passages, passages, PASSAGES_MAX);
    state.plates = takeNewest(state.plates, plates, PLATES_MAX);
    state.decisions = takeNewest(state.decisions, decisions, DECISIONS_MAX);
    state.incidents = takeNewest(state.incidents, incidents, INCIDENTS_MAX);
  }

  /** The newest passages alone: some may have got their plate. */
  async function lookAtPassages() {
    const { site, gate } = state;
    const page = await loadPassages({ site, gate });
    if (site === state.site && gate === state.gate) state.passages = takeNewest(state.passages, page, PASSAGES_MAX);
  }

  /** Loads one older page of the list with this name. */
  async function loadMore(name) {
    const { site, gate, [name]: list } = state;
    const { load, max } = LISTS[name];
    hub.more[name] = { isLoading: true, error: null };
    changed();
    let failure = null;
    try {
      const page = await load({ site, gate, before: list.next });
      if (site === state.site && gate === state.gate) state[name] = takeOlder(state[name], page, max);
    } catch (error) {
      failure = error;
    }
    hub.more[name] = { isLoading: false, error: failure };
    changed();
  }

  let version = null;
  const reopen = openStream({
    opened(told) {
      // The page is built into the hub: another version has another page.
      if (version !== null && told !== version) location.reload();
      version = told;
      hub.isStreaming = true;
      // Whatever happened while nobody listened is asked for, so that no gap stays.
      refresh();
    },
    updated(update) {
      hub.heardAt = hubNow();
      const alarmsOpen = state.nodes.find((node) => node.node === update.node?.node)?.alarmsOpen;
      isPlateDue ||= mayJoinPlate(state, update);
      if (takeUpdate(state, update, hub.heardAt)) changed();
      if (update.node && update.node.alarmsOpen !== alarmsOpen && !asking && hub.isLoaded) ask(lookAtGates);
      if (update.gate || update.passage || update.plate) compareSoon();
    },
    reset() {
      const { counts, passages, plates, decisions, incidents } = emptyState();
      Object.assign(state, { counts, passages, plates, decisions, incidents });
      refresh();
    },
    lost() {
      hub.isStreaming = false;
      changed();
    },
  });

  let compareTimer = 0;
  let reloadedAt = 0;
  // Whether a listed passage may have got a plate since the passages were loaded.
  let isPlateDue = false;

  function compareSoon() {
    if (compareTimer !== 0) return;
    const rest = reloadedAt + RELOAD_CHART_EVERY_MS - Date.now();
    compareTimer = setTimeout(() => {
      compareTimer = 0;
      const isChartRight = chartAgrees(state);
      if (!hub.isLoaded || (isChartRight && !isPlateDue)) return;
      reloadedAt = Date.now();
      isPlateDue = false;
      if (asking) isAskedAgain = true;
      else ask(isChartRight ? lookAtPassages : lookAtLists);
    }, Math.max(COMPARE_AFTER_MS, rest));
  }

  setInterval(() => {
    if (!hub.isLoaded || document.hidden || asking) return;
    if (state.counts.start === dayStart(hubNow())) ask(lookAtGates);
    else refresh();
  }, LOOK_EVERY_MS);
  document.addEventListener('visibilitychange', () => document.hidden || refresh());
  addEventListener('pageshow', (event) => event.persisted && refresh());
  addEventListener('online', refresh);
  addEventListener('offline', changed);
  refresh();
  return hub;
}
