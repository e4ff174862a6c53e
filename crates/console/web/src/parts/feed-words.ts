// What an event says in one line. Pure.
import type { Decision, Incident } from '../api/types';
import type { Format } from '../format/format';
import type { Entry } from '../live/feed';
import { named, type Translate } from '../words';

export function entryTitle(t: Translate, entry: Entry): string {
  switch (entry.kind) {
    case 'passage':
      return `${named(t, 'class', entry.what.class)} ${entry.what.direction === 'in' ? t('going_in') : t('going_out')}`;
    case 'plate':
      return entry.what.display ?? named(t, 'outcome', entry.what.outcome);
    case 'decision':
      return `${named(t, 'verdict', entry.what.verdict)} · ${decisionWho(t, entry.what)}`;
    case 'incident':
      return named(t, 'incident', entry.what.incident);
    case 'lane':
      return named(t, 'lane_change', entry.what.change);
  }
}

/** Whom or what a decision is about, as far as known. */
export function decisionWho(t: Translate, decision: Decision): string {
  if (decision.plate) return decision.plate.key;
  const subject = decision.subjects[0];
  if (subject?.startsWith('holder:')) return subject.slice('holder:'.length);
  if (subject?.startsWith('pass:')) return t('subject_pass');
  return decision.method ? named(t, 'method', decision.method) : t('nobody');
}

export function decisionWhy(t: Translate, decision: Decision): string {
  if (decision.guard) return t('why_guard', { name: decision.guard.name, reason: decision.guard.reason });
  if (decision.rule) return t('why_rule', { rule: decision.rule });
  return named(t, 'why', decision.reason);
}

export function incidentText(t: Translate, f: Format, incident: Incident): string {
  const values = {
    class: incident.class ? named(t, 'class', incident.class) : '',
    direction: incident.direction === 'out' ? t('going_out') : t('going_in'),
    seconds: f.seconds(incident.gap_ms ?? 0),
    count: f.number(incident.count ?? 0),
    peak: f.number(incident.peak ?? 0),
    above: f.number(incident.above ?? 0),
  };
  switch (incident.incident) {
    case 'wrong_direction':
      return t('incident_text_wrong_direction', values);
    case 'tailgating':
      return t('incident_text_tailgating', values);
    case 'crowding_began':
      return t('incident_text_crowding_began', values);
    case 'crowding_ended':
      return t('incident_text_crowding_ended', values);
    default:
      return '';
  }
}
