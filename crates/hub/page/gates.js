// One card per gate, and one for the whole site where there are several.

import { accuracyOf, accuracyText } from './accuracy.js';
import { h, icon, setChildren, setNumber, setText, setTime } from './dom.js';
import { GROUPS, gatesHere, wholeSite } from './state.js';

/** The three figures of a group: name in the style, field, text. */
const FIGURES = [['in', 'entered', 'in'], ['out', 'left', 'out'], ['inside', 'inside', 'inside']];

/** Fills the cards. `view` is `{ t, f, now }`: texts, formats and the time. */
export function showGates(parent, state, view) {
  const gates = gatesHere(state);
  const cards = gates.map((gate) => ({ key: `gate ${gate.gate}`, gate }));
  if (gates.length > 1) cards.unshift({ key: 'site', sum: wholeSite(gates, state.insides[state.site]), gates: gates.length });
  setChildren(parent, cards, (card) => card.key,
    (card) => (card.gate ? makeGate() : makeSite()),
    (element, card) => (card.gate ? updateGate(element, card.gate, state.accuracies, view) : updateSite(element, card, view)));
}

// ---- the whole site

function makeSite() {
  const figure = (name) => h('div', { class: name }, h('dt'), h('dd'));
  const sums = GROUPS.map((group) =>
    h('div', { class: `sum ${group}` }, h('h4', {}, icon(group), h('span')), h('dl', {}, FIGURES.map(([name]) => figure(name)))));
  return h('article', { class: 'card whole' }, h('header', {}, h('h3'), h('p', { class: 'last' })), sums, h('div', { class: 'hints' }));
}

function updateSite(element, { sum, gates }, view) {
  const { t, f } = view;
  setText(element.querySelector('h3'), t('whole_site'));
  setText(element.querySelector('.last'), t('gates_sum', { n: gates }));
  for (const group of GROUPS) {
    const part = element.querySelector(`.${group}`);
    part.classList.toggle('quiet', isQuiet(sum[group]));
    setText(part.querySelector('h4 span'), t(group));
    for (const [name, field, key] of FIGURES) {
      setText(part.querySelector(`.${name} dt`), t(key));
      setNumber(part.querySelector(`.${name} dd`), f.number(sum[group][field]));
    }
  }
  updateHints(element, sum, view);
}

// ---- one gate

function makeGate() {
  const rows = GROUPS.map((group) =>
    h('tr', { class: group }, h('th', { scope: 'row' }, icon(group), h('span')), FIGURES.map(([name]) => h('td', { class: name }))));
  const heads = FIGURES.map(([name]) => h('th', { scope: 'col', class: name }, name !== 'inside' && icon(name), h('span')));
  return h('article', { class: 'card gate' },
    h('header', {}, h('h3'), h('p', { class: 'last' }, h('span'), ' ', h('time'))),
    h('div', { class: 'body' },
      h('div', {},
        h('table', { class: 'figures' },
          h('caption', { class: 'unseen' }),
          h('thead', {}, h('tr', {}, h('td'), heads)),
          h('tbody', {}, rows)),
        h('div', { class: 'hints' }),
        h('details', { class: 'trust' }, h('summary'), h('ul'))),
      h('div', { class: 'state' },
        h('div', { class: 'zones' }, h('h4'), h('ul')),
        h('div', { class: 'cameras' }, h('h4'), h('ul')))));
}

function updateGate(element, gate, accuracies, view) {
  const { t, f } = view;
  setText(element.querySelector('h3'), gate.gate);
  setText(element.querySelector('caption'), t('figures_of', { name: gate.gate }));
  setText(element.querySelector('thead td'), t('today'));
  for (const [name, , key] of FIGURES) setText(element.querySelector(`th.${name} span`), t(key));
  for (const group of GROUPS) {
    const row = element.querySelector(`tr.${group}`);
    row.classList.toggle('quiet', isQuiet(gate.today[group]));
    setText(row.querySelector('th span'), t(group));
    for (const [name, field] of FIGURES) setNumber(row.querySelector(`.${name}`), f.number(gate.today[group][field]));
  }
  updateHints(element, gate.today, view);
  updateTrust(element.querySelector('.trust'), gate, accuracies, view);
  updateLast(element.querySelector('.last'), gate, view);
  updateZones(element.querySelector('.zones'), gate.zones, view);
  updateCameras(element.querySelector('.cameras'), gate.cameras, view);
}

function isQuiet(today) {
  return today.entered + today.left === 0;
}

/** Says what a count of those inside cannot show: who left unseen before, and what somebody corrected. */
function updateHints(element, today, { t, f, now }) {
  const hints = GROUPS.flatMap((group) => {
    const { unexplained, corrected } = today[group];
    const drift = unexplained > 0 && { key: `drift ${group}`, text: t('more_out', { n: f.number(unexplained) }) };
    const values = corrected && { n: f.number(corrected.to), at: f.when(corrected.at, now), reason: corrected.reason };
    const correction = corrected && { key: `correction ${group}`, text: t('corrected', values), isNews: true };
    return [drift, correction].filter(Boolean).map((hint) => ({ ...hint, group }));
  });
  setChildren(element.querySelector('.hints'), hints, (hint) => hint.key, () => h('p'), (p, { group, text, isNews }) => {
    p.classList.toggle('news', isNews === true);
    setText(p, `${t(group)}: ${text}`);
  });
}

/** Says how far each count can be trusted; of groups that nobody passed with and nobody audited, nothing. */
function updateTrust(element, gate, accuracies, view) {
  const { t } = view;
  const counts = GROUPS.flatMap((group) => ['in', 'out'].map((direction) => {
    const count = gate.today[group][direction === 'in' ? 'entered' : 'left'];
    return { group, direction, count, accuracy: accuracyOf(accuracies, gate, group, direction) };
  })).filter(({ group, accuracy }) => accuracy !== null || !isQuiet(gate.today[group]));
  element.hidden = counts.length === 0;
  const isAudited = counts.some(({ accuracy }) => accuracy !== null);
  setText(element.querySelector('summary'), t(isAudited ? 'trust' : 'trust_none'));
  // Opened once, when there is something to read; from then on it is the reader's.
  if (isAudited && !element.dataset.opened) {
    element.dataset.opened = 'once';
    element.open = true;
  }
  const key = ({ group, direction }) => `${group} ${direction}`;
  setChildren(element.querySelector('ul'), counts, key, () => h('li'), (item, { group, direction, count, accuracy }) => {
    setText(item, `${t(group)}, ${t(direction).toLowerCase()}: ${accuracyText(accuracy, count, view)}`);
  });
}

function updateLast(element, gate, { t, f, now }) {
  const [label, time] = element.children;
  setText(label, t('last_event'));
  setTime(time, gate.lastAt, f.ago(gate.lastAt, now));
  time.title = f.when(gate.lastAt, now);
}

function updateZones(element, zones, { t, f, now }) {
  element.hidden = zones.length === 0;
  setText(element.querySelector('h4'), t('zones'));
  const key = (zone) => `${zone.zone} ${zone.group}`;
  const make = () => h('li', {}, h('span', { class: 'name' }), h('b'), h('span', { class: 'unit' }), h('small'));
  setChildren(element.querySelector('ul'), zones, key, make, (item, zone) => {
    const [name, count, unit, note] = item.children;
    setText(name, zone.zone);
    setNumber(count, f.number(zone.count));
    setText(unit, t(zone.group).toLowerCase());
    setText(note, zone.isStale ? t('zone_stale') : t('since', { at: f.when(zone.at, now) }));
    item.classList.toggle('stale', zone.isStale);
  });
}

function updateCameras(element, cameras, { t, f, now }) {
  setText(element.querySelector('h4'), t('cameras'));
  const list = element.querySelector('ul');
  const key = (camera) => `${camera.node} ${camera.camera}`;
  const make = () => h('li', {}, h('i', { class: 'dot' }), h('span', { class: 'name' }), h('span'), h('small'));
  if (cameras.length === 0) {
    setChildren(list, [''], () => 'none', () => h('li', { class: 'note' }), (item) => setText(item, t('no_cameras')));
    return;
  }
  setChildren(list, cameras, key, make, (item, camera) => {
    const state = camera.state ?? 'unknown';
    item.dataset.state = state;
    const [, name, word, note] = item.children;
    setText(name, camera.camera);
    name.title = `${t('node')}: ${camera.node}`;
    setText(word, t(`camera_${state}`));
    const since = t('since', { at: f.when(camera.at, now) });
    setText(note, camera.reason ? `${camera.reason} · ${since}` : since);
    note.classList.toggle('long', camera.reason !== '');
  });
}
