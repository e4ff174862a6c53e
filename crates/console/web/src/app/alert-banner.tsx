// The newest alert that nobody deals with yet, above every page, with a sound for those who want one.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { OPEN_ROWS, openAlertsQuery } from '../api/alerts';
import { AcknowledgeButton } from '../parts/alert-actions';
import { alertDetail } from '../parts/alert-words';
import { Icon } from '../parts/icon';
import { named } from '../words';
import { prefer, usePreferences } from './preferences';
import { useNow, useReader } from './reader';
import { useMay } from './session';
import { useSite } from './site-choice';
import { chime } from './sound';

export function AlertBanner() {
  const { t, f } = useReader();
  const now = useNow(10_000);
  const may = useMay();
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
        {newest.detail && <span className="small"> · {alertDetail(t, f, newest.detail)}</span>}
      </p>
      {may('alerts.act') && <AcknowledgeButton alert={newest} />}
      <button type="button" className="button" onClick={() => prefer({ sound: !sound })}>
        <Icon name={sound ? 'sound' : 'silent'} />
        {t('sound')}: {sound ? t('sound_on') : t('sound_off')}
      </button>
      <Link to="/alerts" className="button">
        {open.length > 1
          ? t('alerts_open', { n: open.length < OPEN_ROWS ? f.number(open.length) : `${f.number(OPEN_ROWS)}+` })
          : t('see_all')}
      </Link>
    </div>
  );
}
