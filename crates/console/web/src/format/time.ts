// Days and moments of Asia/Ho_Chi_Minh, wherever the page is read. Moments are milliseconds since 1970.

export const ZONE = 'Asia/Ho_Chi_Minh';
/** Vietnam has had this one offset since 1975. */
const OFFSET_MS = 7 * 3_600_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** The midnight in Vietnam at or before a moment. */
export function dayStart(ms: number): number {
  return Math.floor((ms + OFFSET_MS) / DAY_MS) * DAY_MS - OFFSET_MS;
}

/** The hour of the day in Vietnam, 0 to 23. */
export function hourOf(ms: number): number {
  return Math.floor((ms - dayStart(ms)) / HOUR_MS);
}

/** The weekday in Vietnam: 0 is Monday. */
export function weekdayOf(ms: number): number {
  return (((Math.floor((ms + OFFSET_MS) / DAY_MS) + 3) % 7) + 7) % 7;
}

/** A day as an input of a form writes it, `2026-11-21`. */
export function dayText(ms: number): string {
  return new Date(ms + OFFSET_MS).toISOString().slice(0, 10);
}

/** The midnight with which such a day begins; nothing where it is none. */
export function dayOf(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) ? null : ms - OFFSET_MS;
}

/** A moment as an input of a form writes it in Vietnam, `2026-11-21T08:30`; nothing where it is none. */
export function momentOf(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) return null;
  const ms = Date.parse(`${text.slice(0, 16)}:00Z`);
  return Number.isNaN(ms) ? null : ms - OFFSET_MS;
}

/** What such an input shows for a moment. */
export function momentText(ms: number): string {
  return new Date(ms + OFFSET_MS).toISOString().slice(0, 16);
}

/** The first moment of the month `months` later than that of `ms`, in Vietnam. */
export function monthStart(ms: number, months = 0): number {
  const local = new Date(ms + OFFSET_MS);
  return Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + months, 1) - OFFSET_MS;
}

/** The first moment of the year of `ms`, in Vietnam. */
export function yearStart(ms: number): number {
  return Date.UTC(new Date(ms + OFFSET_MS).getUTCFullYear(), 0, 1) - OFFSET_MS;
}

/** A moment as the API takes it. */
export function toApi(ms: number): string {
  return new Date(ms).toISOString();
}
