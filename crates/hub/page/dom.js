// Making and changing elements. Text is always set as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

/** `h('p', { class: 'x', hidden: true, onclick: f }, 'text', child)`; false, null and undefined children are left out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** One of the symbols drawn once in index.html. */
export function icon(name) {
  return svg('svg', { class: 'icon', 'aria-hidden': 'true' }, svg('use', { href: `#i-${name}` }));
}

/** Sets the text if it is another one, so that nothing is laid out or read aloud again for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A moment as an element that machines can read too. */
export function setTime(element, ms, text) {
  const iso = new Date(ms).toISOString();
  if (element.dateTime !== iso) element.dateTime = iso;
  setText(element, text);
}

const still = matchMedia('(prefers-reduced-motion: reduce)');

/** Sets a number; one that changed nods once, unless its reader wants no motion. */
export function setNumber(element, text) {
  if (element.textContent === text) return;
  const isFirst = element.textContent === '';
  element.textContent = text;
  if (isFirst || still.matches || document.hidden) return;
  element.animate(
    [{ transform: 'translateY(-0.18em)', opacity: 0.35 }, { transform: 'none', opacity: 1 }],
    { duration: 320, easing: 'cubic-bezier(.2,.8,.3,1)' },
  );
}

/**
 * Makes the children of `parent` those of `items`, in their order, one element per key. An element that is there
 * already is kept, with its focus and its picture; `make(item)` makes a new one, `update(element, item)` fills it.
 */
export function setChildren(parent, items, keyOf, make, update) {
  const held = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = held.get(key);
    if (child) held.delete(key);
    else {
      child = make(item);
      child.dataset.key = key;
    }
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
    update(child, item);
  }
  for (const child of held.values()) child.remove();
}
