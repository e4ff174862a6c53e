// Pictures and clips of events. A picture that is under way shows as soon as it has come.
import * as Dialog from '@radix-ui/react-dialog';
import { useState } from 'react';
import type { Evidence } from '../api/types';
import { useReader } from '../app/reader';
import { Icon } from './icon';

/** The medium that shows an event best in a small place. */
export function bestOf(
  evidence: readonly Evidence[],
  roles: readonly string[] = ['crop', 'plate', 'frame'],
): Evidence | null {
  for (const role of roles) {
    const found = evidence.find((medium) => medium.role === role);
    if (found) return found;
  }
  return null;
}

export function Picture(props: { medium: Evidence | null; text: string; className?: string; opens?: boolean }) {
  const { t } = useReader();
  const [failed, setFailed] = useState<string | null>(null);
  const className = `picture ${props.className ?? ''}`;
  const { medium } = props;
  const isShown = medium?.stored && failed !== medium.sha256;
  if (!medium || !isShown) {
    const label = medium && !medium.stored ? t('picture_waiting') : t('picture_missing');
    return (
      <span className={className} role="img" aria-label={label} title={label}>
        <Icon name={medium && !medium.stored ? 'wait' : 'none'} />
      </span>
    );
  }
  const image = (
    <img src={medium.url} alt={props.text} loading="lazy" decoding="async" onError={() => setFailed(medium.sha256)} />
  );
  if (!props.opens) return <span className={className}>{image}</span>;
  return (
    <Dialog.Root>
      <Dialog.Trigger asChild>
        <button type="button" className={className} aria-label={`${t('enlarge')}: ${props.text}`}>
          {image}
        </button>
      </Dialog.Trigger>
      <Dialog.Portal>
        <div className="dialog-veil" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <div className="card-head">
            <Dialog.Title>{props.text}</Dialog.Title>
            <Dialog.Close className="button" data-look="quiet" aria-label={t('close')}>
              <Icon name="close" />
            </Dialog.Close>
          </div>
          <img src={medium.url} alt={props.text} className="dialog-picture" />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
