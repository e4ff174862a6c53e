// What an incident is, in words. Pure.

import { named } from './words.js';

/** What happened, in words. */
export function incidentText(row, { t, f }) {
  const name = named(t, 'incident', row.incident);
  const values = {
    class: row.class && t(`class_${row.class}`), direction: row.direction && t(`going_${row.direction}`),
    seconds: row.gapMs == null ? '' : f.seconds(row.gapMs), count: f.number(row.count ?? 0),
    above: f.number(row.above ?? 0), peak: f.number(row.peak ?? 0),
  };
  const key = `incident_text_${row.incident}`;
  const text = t(key, values);
  return text === key ? name : `${name}: ${text}`;
}
