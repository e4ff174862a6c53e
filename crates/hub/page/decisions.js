// The list of what was decided at lanes. A row opens to every check that led to it.

import { loadDecision } from './api.js';
import { stepText, subjectsText, verdictSign, whoText, whyText } from './decision.js';
import { h, icon, setChildren, setText, setTime } from './dom.js';
import { loadWhenOpened, updateOpened } from './opened.js';
import { fillPicture, setPlaceholder, updatePicture } from './pictures.js';
import { named } from './words.js';

/** Of a picture in the list, in pixels. */
const PICTURE_SIZE = { width: 128, height: 64 };

/** Fills the list. */
export function showDecisions(parent, rows, view) {
  setChildren(parent, rows, (row) => row.id, makeRow, (element, row) => updateRow(element, row, view));
}

function makeRow(row) {
  const picture = h('span', { class: 'picture' });
  const summary = h('summary', {},
    picture,
    h('span', { class: 'read' },
      h('b', { class: 'verdict', 'data-verdict': row.verdict }, icon(verdictSign(row.verdict)), h('span')),
      h('b', { class: row.plate ? 'chip' : 'who' }),
      h('span', { class: 'subjects' }),
      h('span', { class: 'why' }),
      h('span', { class: 'where' })),
    h('span', { class: 'when' }, h('time'), h('small')));
  const element = h('li', { class: row.verdict }, h('details', {}, summary, h('div', { class: 'detail' })));
  loadWhenOpened(element, () => loadDecision(row.id));
  if (row.picture) fillPicture(picture, row.picture, PICTURE_SIZE);
  else setPlaceholder(picture, 'missing');
  return element;
}

function updateRow(element, row, view) {
  const { t, f, now } = view;
  const details = element.firstElementChild;
  const part = (name) => details.querySelector(`summary .${name}`);
  const who = whoText(row, view);
  const subjects = subjectsText(row, view);
  setText(part('verdict').lastElementChild, named(t, 'verdict', row.verdict));
  setText(part(row.plate ? 'chip' : 'who'), who);
  setText(part('subjects'), subjects === who ? '' : subjects);
  setText(part('why'), whyText(row, view));
  setText(part('where'), [t('lane_name', { lane: row.lane }), row.gate, row.number].filter(Boolean).join(' · '));
  const [time, hint] = part('when').children;
  setTime(time, row.at, f.when(row.at, now));
  setText(hint, t('decision_open'));
  updatePicture(part('picture'), row.picture, t('decision_picture', { who, at: f.when(row.at, now) }), t);
  updateOpened(element, [], view, (loaded) => [trailPart(loaded.trail, view)]);
}

function trailPart(trail, view) {
  const { t } = view;
  const line = (step) => {
    const { check, found } = stepText(step, view);
    return h('tr', { 'data-finding': step.finding },
      h('th', { scope: 'row' }, check), h('td', {}, found), h('td', {}, step.subject ?? ''));
  };
  const head = ['decision_check', 'decision_found', 'decision_about'];
  return h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': t('decision_trail') },
    h('table', { class: 'trail' },
      h('thead', {}, h('tr', {}, head.map((key) => h('th', { scope: 'col' }, t(key))))),
      h('tbody', {}, trail.map(line))));
}
