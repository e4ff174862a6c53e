// How the connection to the hub stands, and how old the figures are when it is gone.
import { useLive } from '../live/store';
import { Icon } from '../parts/icon';
import { useNow, useReader } from './reader';

/** How long the page says that a gap was closed. */
const CLOSED_SHOWN_MS = 8_000;

export function LinkMark() {
  const { t } = useReader();
  const link = useLive((live) => live.link);
  return (
    <p className="link-mark" data-state={link} role="status">
      <span className="dot" aria-hidden="true" />
      <span className="link-text">{t(`link_${link}`)}</span>
    </p>
  );
}

export function LinkBanner() {
  const { t, f } = useReader();
  const now = useNow();
  const link = useLive((live) => live.link);
  const heardAt = useLive((live) => live.heardAt);
  const closed = useLive((live) => live.closed);
  const newVersion = useLive((live) => live.newVersion);
  if (link === 'offline' || link === 'reconnecting') {
    const help =
      heardAt === null ? t('offline_never') : t('offline_help', { age: f.ago(heardAt, now), at: f.when(heardAt, now) });
    return (
      <div className="banner" data-tone={link === 'offline' ? 'bad' : 'warn'} role="alert">
        <Icon name="offline" />
        <p>
          <strong>{link === 'offline' ? t('offline_title') : t('link_reconnecting')}</strong> {help}
        </p>
      </div>
    );
  }
  if (newVersion) {
    return (
      <div className="banner" data-tone="info" role="status">
        <Icon name="reports" />
        <p>{t('new_version', { version: newVersion })}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          {t('reload')}
        </button>
      </div>
    );
  }
  if (closed && now - closed.at < CLOSED_SHOWN_MS) {
    return (
      <div className="banner" data-tone="good" role="status">
        <Icon name="check" />
        <p>{t(closed.how)}</p>
      </div>
    );
  }
  return null;
}
