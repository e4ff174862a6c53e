// Something that is sent to the hub once at a time, and what it said no to.
import { useState } from 'react';

export interface Sending {
  isBusy: boolean;
  problem: unknown;
  /** Sends; the answer says whether it was done. */
  send(job: () => Promise<void>): Promise<boolean>;
}

export function useSending(): Sending {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const send = async (job: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    try {
      await job();
      setProblem(null);
      return true;
    } catch (error) {
      setProblem(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, problem, send };
}

/** A text field of a form, without the space around it. */
export function textOf(form: FormData, name: string): string {
  return String(form.get(name) ?? '').trim();
}
