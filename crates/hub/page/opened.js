// Rows of a list that open to more, which is loaded only then.

import { h } from './dom.js';

/** What was loaded of each row: it holds for good, for an event never changes. A failure is tried again. */
const LOADED = new WeakMap();

/** Has `load` asked when the row is opened; its first child is the `details` that opens. */
export function loadWhenOpened(row, load) {
  const details = row.firstElementChild;
  const repaint = () => row.dispatchEvent(new Event('repaint', { bubbles: true }));
  let isLoading = false;
  details.addEventListener('toggle', async () => {
    const loaded = LOADED.get(row);
    if (!details.open || isLoading || (loaded && !loaded.error)) return;
    isLoading = true;
    LOADED.delete(row);
    repaint();
    LOADED.set(row, await load().catch((error) => ({ error })));
    isLoading = false;
    repaint();
  });
}

/**
 * Fills the row where it is open: that it loads, that it failed, or the parts that `draw` makes of what was loaded. It is
 * drawn anew when that, the language or one of `marks` is another: the reader loses nothing but the scrolling of a table.
 */
export function updateOpened(row, marks, { t }, draw) {
  const details = row.firstElementChild;
  if (!details.open) return;
  const [parent, loaded] = [details.lastElementChild, LOADED.get(row)];
  const state = JSON.stringify([t('more_loading'), loaded?.error?.message, loaded !== undefined, ...marks]);
  if (parent.dataset.state === state) return;
  parent.dataset.state = state;
  parent.replaceChildren();
  if (!loaded) parent.append(h('p', { class: 'note' }, t('more_loading')));
  else if (loaded.error) parent.append(h('p', { class: 'note', role: 'alert' }, t('plate_failed', { detail: loaded.error.message })));
  else parent.append(...draw(loaded));
}
