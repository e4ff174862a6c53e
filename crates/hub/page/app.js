// The page: what the reader chooses, and drawing once per frame what changed.

import { hubNow } from './api.js';
import { makeChart } from './chart.js';
import { busyHours, daySteps } from './day.js';
import { showDecisions } from './decisions.js';
import { setText } from './dom.js';
import { enter } from './entry.js';
import { follow } from './follow.js';
import { formatOf } from './format.js';
import { showGates } from './gates.js';
import { showIncidents } from './incidents.js';
import { linkState } from './link.js';
import { showEmpty, showHeader, showNotice, showSelect, showTroubles } from './notices.js';
import { showPassages } from './passages.js';
import { showPlates } from './plates.js';
import { keepSession, signOut, touched } from './session.js';
import { DECISIONS_MAX, INCIDENTS_MAX, PASSAGES_MAX, PLATES_MAX, defaultGroup, emptyState, gatesChosen, gatesHere } from './state.js';
import { troublesOf } from './trouble.js';
import { LANGUAGES, wordsOf } from './words.js';

const LANGUAGE_KEY = 'gatehouse.language';

const at = (id) => document.getElementById(id);
const startedAt = hubNow();
const address = new URLSearchParams(location.search);
const state = { ...emptyState(), site: address.get('site'), gate: address.get('gate') };
const drawChart = makeChart({ plot: at('chart'), value: at('chart-value'), table: at('chart-table') });
const view = { t: null, f: null, now: startedAt };
// What is asked of the hub, once somebody is signed in.
let hub = null;

// ---- what the reader chooses

function speak(language) {
  view.t = wordsOf(language);
  view.f = formatOf(language);
  view.language = language;
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-t]')) setText(element, view.t(element.dataset.t));
  at('language').querySelector(`[value="${language}"]`).checked = true;
  repaint();
}

/** The language that the address asks for, else the one kept from the last visit. Storage may be forbidden. */
function keptLanguage() {
  const asked = address.get('lang');
  if (LANGUAGES.includes(asked)) return asked;
  try {
    const kept = localStorage.getItem(LANGUAGE_KEY);
    return LANGUAGES.includes(kept) ? kept : LANGUAGES[0];
  } catch {
    return LANGUAGES[0];
  }
}

at('language').addEventListener('change', ({ target }) => {
  speak(target.value);
  setAddress({ lang: null });
  try {
    localStorage.setItem(LANGUAGE_KEY, target.value);
  } catch {
    // Not kept: the next visit begins in Vietnamese.
  }
});

/** What stands in the address shows again after a reload, and to whoever gets the link. */
function setAddress(change) {
  for (const [name, value] of Object.entries(change)) {
    if (value) address.set(name, value);
    else address.delete(name);
  }
  const query = address.toString();
  history.replaceState(null, '', query ? `?${query}` : location.pathname);
}

function choosePlace(change) {
  const { counts, passages, plates, decisions, incidents } = emptyState();
  Object.assign(state, change, { counts, passages, plates, decisions, incidents });
  setAddress({ site: state.site, gate: state.gate });
  hub?.refresh();
  repaint();
}

at('site').addEventListener('change', ({ target }) => choosePlace({ site: target.value, gate: null, group: null }));
at('gate').addEventListener('change', ({ target }) => choosePlace({ gate: target.value || null }));
at('group').addEventListener('change', ({ target }) => {
  state.group = target.value;
  repaint();
});
at('step').addEventListener('change', ({ target }) => {
  state.stepMinutes = Number(target.value);
  repaint();
});
let isTroubleOpen = false;
at('troubles-more').addEventListener('click', () => {
  isTroubleOpen = !isTroubleOpen;
  repaint();
});
at('more').addEventListener('click', () => hub.loadMore('passages'));
at('plates-more').addEventListener('click', () => hub.loadMore('plates'));
at('incidents-more').addEventListener('click', () => hub.loadMore('incidents'));
at('decisions-more').addEventListener('click', () => hub.loadMore('decisions'));
for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart']) addEventListener(kind, touched, { passive: true });
at('sign-out').addEventListener('click', () => signOut().finally(() => location.reload()));
at('chart-table').addEventListener('toggle', () => repaint());
at('passages').addEventListener('repaint', () => repaint());
at('plates').addEventListener('repaint', () => repaint());
at('decisions').addEventListener('repaint', () => repaint());

// ---- drawing

let frame = 0;
let isListChanged = true;

/** Draws in the next frame: all, or only what goes with the time. */
function repaint(isAll = true) {
  isListChanged ||= isAll;
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    draw();
  });
}

function draw() {
  if (!hub) return;
  const now = hubNow();
  view.now = now;
  const { isStreaming, heardAt, isLoaded, error } = hub;
  const link = linkState({ isStreaming, hasNetwork: navigator.onLine, heardAt, startedAt, now });
  const gates = gatesHere(state);
  showHeader(at, { state, link, heardAt }, view);
  showNotice(at('notice'), { link, heardAt, error, isLoaded, retry: hub.refresh }, view);
  document.documentElement.classList.toggle('old', link === 'offline');
  at('main').setAttribute('aria-busy', String(!isLoaded));
  at('waiting').hidden = isLoaded || error !== null;
  at('empty').hidden = !isLoaded || gates.length > 0;
  at('board').hidden = gates.length === 0;
  if (!isLoaded) return;
  showTroubles(at, troublesOf(state), isTroubleOpen, view);
  if (gates.length === 0) {
    showEmpty(at('empty'), view);
    return;
  }
  showGates(at('gates'), state, view);
  if (!isListChanged) return;
  isListChanged = false;
  drawDay(gates, now);
  showPassages(at('passages'), state.passages.rows, view);
  drawMore('passages', { button: at('more'), note: at('passages-note'), max: PASSAGES_MAX });
  at('plate-list').hidden = state.plates.rows.length === 0;
  showPlates(at('plates'), state.plates.rows, view);
  at('decision-list').hidden = state.decisions.rows.length === 0;
  showDecisions(at('decisions'), state.decisions.rows, view);
  drawMore('decisions', { button: at('decisions-more'), note: at('decisions-note'), max: DECISIONS_MAX });
  drawMore('plates', { button: at('plates-more'), note: at('plates-note'), max: PLATES_MAX });
  at('incident-list').hidden = state.incidents.rows.length === 0;
  showIncidents(at('incidents'), state.incidents.rows, view);
  drawMore('incidents', { button: at('incidents-more'), note: at('incidents-note'), max: INCIDENTS_MAX });
}

function drawDay(gates, now) {
  showSelect(at('gate-choice'), ['', ...gates.map((gate) => gate.gate)], state.gate ?? '', view.t('all_gates'));
  const group = state.group ?? defaultGroup(gatesChosen(state));
  at('group').querySelector(`[value="${group}"]`).checked = true;
  const { start, rows } = state.counts;
  if (start) drawChart(busyHours(daySteps(rows, start, state.stepMinutes, group), now), now, view);
}

/** Below the list with this name: the way to older rows, or why there is none. */
function drawMore(name, { button, note, max }) {
  const { t, f } = view;
  const { rows, next } = state[name];
  const { isLoading, error } = hub.more[name];
  const isFull = rows.length >= max;
  button.hidden = !next || isFull;
  button.disabled = isLoading;
  setText(button, t(isLoading ? 'more_loading' : 'more'));
  const text = error ? t('more_failed', { detail: error.message })
    : rows.length === 0 ? t(`${name}_empty`)
    : isFull ? t(`${name}_full`, { n: f.number(max) })
    : '';
  setText(note, text);
}

function everySecond() {
  // The line of the chart that stands for now moves once a minute.
  repaint(Math.floor(hubNow() / 1000) % 60 === 0);
  setTimeout(everySecond, 1000 - (hubNow() % 1000));
}

speak(keptLanguage());
// Whoever is signed out meanwhile begins anew with the way in.
const keep = (session) => keepSession(session, () => location.reload());
const session = await enter(at('entry'), { words: () => view, keep });
setText(at('account-name'), session.account.display_name);
at('account').hidden = false;
at('waiting').hidden = false;
hub = follow(state, () => repaint());
everySecond();
