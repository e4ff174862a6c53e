// The list of the latest plates. A row opens to everything that led to its result.

import { loadPlate, pictureAddress } from './api.js';
import { h, icon, setChildren, setText, setTime } from './dom.js';
import { loadWhenOpened, updateOpened } from './opened.js';
import { fillPicture, setPlaceholder, updatePicture } from './pictures.js';
import { differencesText, listedText, plateDoubt, plateTitle, plateWhat, reasonText, shares } from './plate.js';
import { named } from './words.js';

/** Of a plate's picture in the list, in pixels. */
const PICTURE_SIZE = { width: 128, height: 64 };

/** Below this probability a sign is drawn as unsure. */
const SURE_MIN = 0.8;

/** Fills the list. */
export function showPlates(parent, rows, view) {
  setChildren(parent, rows, (row) => row.id, makeRow, (element, row) => updateRow(element, row, view));
}

function makeRow(row) {
  const picture = h('span', { class: 'picture' });
  const summary = h('summary', {},
    picture,
    h('span', { class: 'read' },
      h('b', { class: 'chip' }),
      h('span', { class: 'sure' }),
      h('span', { class: 'listed', hidden: true }, icon('alert'), icon('check'), h('b')),
      h('span', { class: 'kind' }),
      h('span', { class: 'doubt' }),
      h('span', { class: 'where' })),
    h('span', { class: 'when' }, h('time'), h('small')));
  const element = h('li', {}, h('details', {}, summary, h('div', { class: 'detail' })));
  loadWhenOpened(element, () => loadPlate(row.id));
  if (row.picture) fillPicture(picture, row.picture, PICTURE_SIZE);
  else setPlaceholder(picture, 'missing');
  return element;
}

function updateRow(element, row, view) {
  const { t, f, now } = view;
  const details = element.firstElementChild;
  const part = (name) => details.querySelector(`summary .${name}`);
  const isRead = row.outcome === 'read';
  const isWatched = row.listed?.purpose === 'watch';
  const title = plateTitle(row, view);
  element.classList.toggle('watched', isWatched);
  part('chip').classList.toggle('unread', !isRead);
  part('chip').dataset.colour = row.colour;
  setText(part('chip'), title);
  setText(part('sure'), isRead ? t('confidence', { p: f.percent(row.confidence) }) : '');
  setText(part('kind'), plateWhat(row, view));
  setText(part('doubt'), plateDoubt(row, view));
  setText(part('where'), [...row.gates, row.camera].join(' · '));
  const listed = part('listed');
  listed.hidden = !row.listed;
  listed.dataset.purpose = row.listed?.purpose ?? '';
  setText(listed.lastElementChild, listedText(row.listed, row.key, view) ?? '');
  const [time, hint] = part('when').children;
  setTime(time, row.at, f.when(row.at, now));
  setText(hint, t('plate_open'));
  updatePicture(part('picture'), row.picture, t('plate_picture', { plate: title, at: f.when(row.at, now) }), t);
  updateOpened(element, row.pictures, view, (detail) => detailParts(row, detail, view));
}

function detailParts(row, detail, view) {
  const { t } = view;
  const links = row.pictures.filter((picture) => picture.isStored).map((picture) =>
    h('a', { href: pictureAddress(picture), target: '_blank', class: 'button' }, t(`role_${picture.role}`)));
  return [
    links.length > 0 && h('p', { class: 'links' }, links),
    // The list cuts a long reason off.
    detail.reason !== row.reason && h('p', {}, reasonText(t, detail.reason)),
    detail.matches.length > 0 && matchesPart(detail.matches, row.key, view),
    detail.readings.length > 0 && readingsPart(detail.readings, view),
    votesPart(detail, view),
  ].filter(Boolean);
}

function matchesPart(matches, key, view) {
  const { t } = view;
  const item = (match) =>
    h('li', { class: 'listed', 'data-purpose': match.purpose }, icon('alert'), icon('check'),
      h('b', {}, listedText(match, key, view)),
      h('span', {}, [differencesText(match, view), match.note].filter(Boolean).join(' · ')));
  return h('section', {}, h('h4', {}, t('plate_matches')), h('ul', {}, matches.map(item)));
}

function readingsPart(readings, { t, f }) {
  const glyph = ({ glyph, confidence, isCorrected }) => {
    const word = isCorrected ? 'plate_glyph_corrected' : 'plate_glyph';
    const isUnsure = confidence !== null && confidence < SURE_MIN;
    const said = t(word, { glyph, p: confidence === null ? '–' : f.percent(confidence) });
    return h('li', { class: [isCorrected && 'corrected', isUnsure && 'unsure'].filter(Boolean).join(' '), title: said },
      glyph, h('small', {}, confidence === null ? '–' : f.percent(confidence)), isCorrected && h('span', { class: 'unseen' }, said));
  };
  const item = (reading) =>
    h('li', {},
      h('b', { class: 'signs' }, reading.display), ' ',
      h('span', {}, [t('confidence', { p: f.percent(reading.confidence) }), named(t, 'kind', reading.kind), reading.issuer]
        .filter(Boolean).join(' · ')));
  return h('section', {},
    h('h4', {}, t('plate_readings')),
    h('ol', { class: 'readings' }, readings.map(item)),
    h('h4', {}, t('plate_glyphs')),
    h('ol', { class: 'glyphs' }, readings[0].glyphs.map(glyph)));
}

function votesPart({ raw, votes }, { t, f }) {
  const shareOf = shares(votes);
  const row = (vote, index) =>
    h('tr', {},
      h('th', { scope: 'row' }, t('milliseconds', { n: f.number(Math.round(vote.afterMs)) })),
      h('td', { class: 'signs' }, vote.raw),
      h('td', {}, f.percent(vote.confidence)),
      h('td', {}, h('meter', { min: 0, max: 1, value: shareOf[index], title: f.number(vote.weight) }, f.number(vote.weight))));
  const head = ['plate_vote_time', 'plate_raw', 'plate_vote_sure', 'plate_vote_weight'];
  return h('section', {},
    h('h4', {}, t('plate_votes')),
    raw && h('p', { class: 'note' }, `${t('plate_raw')}: `, h('span', { class: 'signs' }, raw)),
    h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': t('plate_votes') },
      h('table', {},
        h('thead', {}, h('tr', {}, head.map((key) => h('th', { scope: 'col' }, t(key))))),
        h('tbody', {}, votes.map(row)))));
}
