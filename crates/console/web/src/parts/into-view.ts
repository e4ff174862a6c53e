// What a form was refused for stands above it: whoever sent it from its end would not see it.
import { type RefObject, useEffect, useRef } from 'react';

/** For the element that tells `problem`: it is brought into view whenever there is another one. */
export function useIntoView<E extends HTMLElement>(problem: unknown): RefObject<E | null> {
  const element = useRef<E>(null);
  useEffect(() => {
    if (problem) element.current?.scrollIntoView({ block: 'nearest' });
  }, [problem]);
  return element;
}
