// Whether somebody is at the page. What the page asks by itself does not keep a session open.

const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;
/** What is asked so soon after a touch is asked by whoever touched. */
const AT_HAND_MS = 10_000;

/** Whoever opens the page is there. */
let touchedAt = Date.now();
const listeners = new Set<() => void>();

function touched(): void {
  touchedAt = Date.now();
  for (const tell of listeners) tell();
}

for (const name of TOUCHES) window.addEventListener(name, touched, { passive: true, capture: true });

export function isAtHand(): boolean {
  return Date.now() - touchedAt < AT_HAND_MS;
}

/** Tells of every touch; the answer ends it. */
export function onTouch(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}
