// A place on a plan or picture, as shares of its width and height. Pure.

export interface Spot {
  x: number;
  y: number;
}

const [STEP, STEP_FAR] = [0.005, 0.05];
const KEYS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The nearest place on it. */
export function within(x: number, y: number): Spot {
  const held = (share: number) => Math.min(1, Math.max(0, Math.round(share * 10_000) / 10_000));
  return { x: held(x), y: held(y) };
}

/** Where a key moves something; nothing where it moves nothing. */
export function stepped(spot: Spot, key: string, isFar: boolean): Spot | null {
  const way = KEYS[key];
  if (!way) return null;
  const step = isFar ? STEP_FAR : STEP;
  return within(spot.x + way[0] * step, spot.y + way[1] * step);
}
