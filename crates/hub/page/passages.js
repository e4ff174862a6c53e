// The list of the latest passages and their pictures.

import { pictureAddress } from './api.js';
import { h, icon, setChildren, setText, setTime } from './dom.js';

/**
 * Pauses before a look for a picture that has not arrived, in seconds. Pictures travel after their event; the stream
 * tells of their arrival, and these looks make up for a word that was lost. From the last one on it is called missing
 * and looked for at that pace for as long as its row is shown: a node may have been without a network for long.
 */
const LOOKS_AFTER_S = [2, 4, 8, 15, 30, 60, 120, 300];

/** Fills the list. Pictures are looked for only where the reader can see their row. */
export function showPassages(parent, rows, view) {
  setChildren(parent, rows, (row) => row.id, makeRow, (element, row) => updateRow(element, row, view));
}

function makeRow(row) {
  const picture = h(row.picture ? 'a' : 'span', { class: 'picture' });
  const element = h('li', {},
    picture,
    h('div', {},
      h('p', { class: 'what' }, h('b', { class: row.direction }, icon(row.direction), h('span')), h('span')),
      h('p', { class: 'where' })),
    h('div', { class: 'when' }, h('time'), h('small')));
  if (row.picture) fillPicture(picture, row.picture);
  else setPlaceholder(picture, 'missing');
  return element;
}

function updateRow(element, row, { t, f, now }) {
  const [, middle, when] = element.children;
  const [direction, what] = middle.querySelector('.what').children;
  const name = t(`class_${row.class}`);
  setText(direction.lastElementChild, t(row.direction));
  setText(what, name);
  setText(middle.querySelector('.where'), `${row.gate} · ${row.camera}`);
  setTime(when.firstElementChild, row.at, f.when(row.at, now));
  setText(when.lastElementChild, t('confidence', { p: f.percent(row.confidence) }));
  const img = element.querySelector('img');
  if (row.picture?.isStored && !element.dataset.stored) {
    element.dataset.stored = 'true';
    if (element.querySelector('.placeholder')) element.firstElementChild.dispatchEvent(new Event('arrived'));
  }
  const values = { class: name, direction: t(`going_${row.direction}`), gate: row.gate, at: f.when(row.at, now) };
  if (img) img.alt = t('picture_of', values);
  const placeholder = element.querySelector('.placeholder');
  if (placeholder) setText(placeholder.lastElementChild, t(`picture_${placeholder.dataset.why}`));
}

function fillPicture(link, picture) {
  const address = pictureAddress(picture);
  const img = h('img', { alt: '', loading: 'lazy', decoding: 'async', width: 56, height: 56 });
  let looks = 0;
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    if (link.isConnected || looks === 0) img.src = address;
  };
  const lookLater = () => {
    const pause = LOOKS_AFTER_S[looks++] ?? LOOKS_AFTER_S.at(-1);
    setPlaceholder(link, looks < LOOKS_AFTER_S.length ? 'waiting' : 'missing');
    timer = setTimeout(look, pause * 1000);
  };
  img.addEventListener('load', () => {
    link.querySelector('.placeholder')?.remove();
    // Only now there is something to open.
    Object.assign(link, { href: address, target: '_blank' });
  });
  img.addEventListener('error', lookLater);
  link.addEventListener('arrived', look);
  link.append(img);
  if (picture.isStored) look();
  else lookLater();
}

function setPlaceholder(parent, why) {
  parent.querySelector('.placeholder')?.remove();
  const sign = h('span', { class: 'placeholder', 'data-why': why }, icon(why === 'waiting' ? 'wait' : 'none'), h('span'));
  parent.append(sign);
  parent.dispatchEvent(new Event('repaint', { bubbles: true }));
}
