// Pictures that may arrive after their event.

import { pictureAddress } from './api.js';
import { h, icon, setText } from './dom.js';

/**
 * Pauses before a look for a picture that has not arrived, in seconds. Pictures travel after their event; the stream
 * tells of their arrival, and these looks make up for a word that was lost. From the last one on it is called missing
 * and looked for at that pace for as long as its row is shown: a node may have been without a network for long.
 */
const LOOKS_AFTER_S = [2, 4, 8, 15, 30, 60, 120, 300];

/**
 * Puts a picture into `link`, now or when it arrives; a link opens it then. The size is that of the layout, in pixels.
 */
export function fillPicture(link, picture, { width, height }) {
  const address = pictureAddress(picture);
  const img = h('img', { alt: '', loading: 'lazy', decoding: 'async', width, height });
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
    if (link instanceof HTMLAnchorElement) Object.assign(link, { href: address, target: '_blank' });
  });
  img.addEventListener('error', lookLater);
  link.addEventListener('arrived', look);
  link.append(img);
  if (picture.isStored) look();
  else lookLater();
}

/** Looks for a picture that was told to have arrived, and speaks the reader's language about it. */
export function updatePicture(link, picture, alt, t) {
  if (picture?.isStored && !link.dataset.stored) {
    link.dataset.stored = 'true';
    if (link.querySelector('.placeholder')) link.dispatchEvent(new Event('arrived'));
  }
  const img = link.querySelector('img');
  if (img) img.alt = alt;
  const placeholder = link.querySelector('.placeholder');
  if (placeholder) setText(placeholder.lastElementChild, t(`picture_${placeholder.dataset.why}`));
}

/** Says in the picture's place why there is none. */
export function setPlaceholder(parent, why) {
  parent.querySelector('.placeholder')?.remove();
  const sign = h('span', { class: 'placeholder', 'data-why': why }, icon(why === 'waiting' ? 'wait' : 'none'), h('span'));
  parent.append(sign);
  parent.dispatchEvent(new Event('repaint', { bubbles: true }));
}
