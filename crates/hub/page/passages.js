// The list of the latest passages.

import { h, icon, setChildren, setText, setTime } from './dom.js';
import { fillPicture, setPlaceholder, updatePicture } from './pictures.js';

/** Of a picture in the list, in pixels. */
const PICTURE_SIZE = { width: 56, height: 56 };

/** Fills the list. Pictures are looked for only where the reader can see their row. */
export function showPassages(parent, rows, view) {
  setChildren(parent, rows, (row) => row.id, makeRow, (element, row) => updateRow(element, row, view));
}

function makeRow(row) {
  const picture = h(row.picture ? 'a' : 'span', { class: 'picture' });
  const element = h('li', {},
    picture,
    h('div', {},
      h('p', { class: 'what' }, h('b', { class: row.direction }, icon(row.direction), h('span')), h('span'), h('span', { class: 'chip', hidden: true })),
      h('p', { class: 'where' })),
    h('div', { class: 'when' }, h('time'), h('small')));
  if (row.picture) fillPicture(picture, row.picture, PICTURE_SIZE);
  else setPlaceholder(picture, 'missing');
  return element;
}

function updateRow(element, row, { t, f, now }) {
  const [, middle, when] = element.children;
  const [direction, what, plate] = middle.querySelector('.what').children;
  const name = t(`class_${row.class}`);
  setText(direction.lastElementChild, t(row.direction));
  setText(what, name);
  plate.hidden = !row.plate;
  if (row.plate) {
    setText(plate, row.plate.display);
    plate.title = `${t('plate')}, ${t('confidence', { p: f.percent(row.plate.confidence) })}`;
  }
  setText(middle.querySelector('.where'), `${row.gate} · ${row.camera}`);
  setTime(when.firstElementChild, row.at, f.when(row.at, now));
  setText(when.lastElementChild, t('confidence', { p: f.percent(row.confidence) }));
  const values = { class: name, direction: t(`going_${row.direction}`), gate: row.gate, at: f.when(row.at, now) };
  updatePicture(element.firstElementChild, row.picture, t('picture_of', values), t);
}
