// A window over the page.
import * as Radix from '@radix-ui/react-dialog';
import type { ReactNode } from 'react';
import { useReader } from '../app/reader';
import { Icon } from './icon';

export function Dialog(props: {
  title: string;
  isOpen: boolean;
  close: () => void;
  isWide?: boolean;
  children: ReactNode;
}) {
  const { t } = useReader();
  return (
    <Radix.Root open={props.isOpen} onOpenChange={(isOpen) => !isOpen && props.close()}>
      <Radix.Portal>
        <div className="dialog-veil" />
        <Radix.Content className="dialog" data-size={props.isWide ? undefined : 'small'} aria-describedby={undefined}>
          <div className="card-head">
            <Radix.Title>{props.title}</Radix.Title>
            <Radix.Close className="button" data-look="quiet" aria-label={t('close')}>
              <Icon name="close" />
            </Radix.Close>
          </div>
          {props.children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
