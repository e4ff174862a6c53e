// A window over the page.
import * as Radix from '@radix-ui/react-dialog';
import { type ReactNode, useLayoutEffect, useRef } from 'react';
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
  // Who opened it has the focus again when it closes: else the keyboard begins anew at the top of the page.
  const opener = useRef<HTMLElement | null>(null);
  useLayoutEffect(() => {
    if (props.isOpen && document.activeElement instanceof HTMLElement) opener.current = document.activeElement;
  }, [props.isOpen]);
  return (
    <Radix.Root open={props.isOpen} onOpenChange={(isOpen) => !isOpen && props.close()}>
      <Radix.Portal>
        <div className="dialog-veil" />
        <Radix.Content
          className="dialog"
          data-size={props.isWide ? undefined : 'small'}
          aria-describedby={undefined}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            opener.current?.focus();
          }}
        >
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
