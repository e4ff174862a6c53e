// A wide table that is moved sideways where it has no room, by the keyboard too.
import type { ReactNode } from 'react';

export function TableScroll(props: { label: string; isCard?: boolean; children: ReactNode }) {
  return (
    <section
      className={props.isCard ? 'table-scroll card' : 'table-scroll'}
      aria-label={props.label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what is moved has to be reached
      tabIndex={0}
    >
      {props.children}
    </section>
  );
}
