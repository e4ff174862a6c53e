// The newest alert that nobody deals with yet, above every page, with a sound for those who want one.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { openAlertsQuery } from '../api/alerts';
import { AcknowledgeButton } from '../parts/alert-actions';
import { Icon } from '../parts/icon';
import { named } from '../words';
import { usePreferences } from './preferences';
import { useNow, useReader } from './reader';
import { useSite } from './site-choice';
import { chime } from './sound';

export function AlertBanner() {
  const { t, f } = useReader();
  const now = useNow(10_000);
  const site = useSite();
  const { sound } = usePreferences();
  const { data } = useQuery(openAlertsQuery);
  const open = data?.filter((alert) => !site || alert.site === site) ?? [];
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    if (!data) return;
    const isNew = known.current !== null && data.some((alert) => !known.current?.has(alert.id));
    known.current = new Set(data.map((alert) => alert.id));
    if (isNew && sound) chime();
  }, [data, sound]);
  const newest = open[0];
  if (!newest) return null;
  const place = [newest.gate ?? newest.node, newest.site].join(' · ');
  return (
    <div className="banner" data-tone="bad" role="alert">
      <Icon name="alert" />
      <p>
        <strong>{named(t, 'alert_kind', newest.kind)}</strong> · {place} · {f.ago(Date.parse(newest.at), now)}
        {newest.detail && <span className="small"> · {newest.detail}</span>}
      </p>
      <AcknowledgeButton alert={newest} />
      <Link to="/alerts" className="button">
        {open.length > 1 ? t('alerts_open', { n: f.number(open.length) }) : t('see_all')}
      </Link>
    </div>
  );
}
