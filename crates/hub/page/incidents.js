// The list of incidents: wrong directions, tailgating, crowds.

import { h, icon, setChildren, setText, setTime } from './dom.js';
import { incidentText } from './incident.js';

/** Fills the list. */
export function showIncidents(parent, rows, view) {
  setChildren(parent, rows, (row) => row.id, makeRow, (element, row) => updateRow(element, row, view));
}

function makeRow() {
  return h('li', {},
    icon('alert'),
    h('div', {}, h('p', { class: 'what' }), h('p', { class: 'where' })),
    h('div', { class: 'when' }, h('time')));
}

function updateRow(element, row, view) {
  const { f, now } = view;
  element.classList.toggle('over', row.incident === 'crowding_ended');
  setText(element.querySelector('.what'), incidentText(row, view));
  setText(element.querySelector('.where'), [row.gate, row.line ?? row.zone, row.camera].filter(Boolean).join(' · '));
  setTime(element.querySelector('time'), row.at, f.when(row.at, now));
}
