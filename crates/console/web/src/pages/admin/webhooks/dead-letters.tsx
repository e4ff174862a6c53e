// What a webhook did not take: sent again, or given up for good.
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { api, done } from '../../../api/client';
import type { DeadLetter, Webhook } from '../../../api/types';
import { deadLettersQuery } from '../../../api/webhooks';
import { useNow, useReader } from '../../../app/reader';
import { Paged } from '../../../parts/paged';
import { Problem } from '../../../parts/problem';
import { useSending } from '../../../parts/sending';
import { State } from '../../../parts/state';
import { named } from '../../../words';

export function DeadLetters({ hook, changed }: { hook: Webhook; changed: () => Promise<void> }) {
  const { t } = useReader();
  const client = useQueryClient();
  const query = deadLettersQuery(hook.id);
  const found = useInfiniteQuery(query);
  const again = async () => {
    await client.invalidateQueries({ queryKey: query.queryKey });
    await changed();
  };
  return (
    <Paged
      found={found}
      rowsOf={(page) => page.dead_letters}
      empty={<State icon="check" title={t('dead_letters_none')} role="status" />}
    >
      {(letters) => (
        <ul className="stack">
          {letters.map((letter) => (
            <li key={letter.id} className="part stack">
              <Letter hook={hook} letter={letter} again={again} />
            </li>
          ))}
        </ul>
      )}
    </Paged>
  );
}

function Letter(props: { hook: Webhook; letter: DeadLetter; again: () => Promise<void> }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const { hook, letter, again } = props;
  const { send, isBusy, problem } = useSending();
  const params = { path: { id: hook.id, letter: letter.id } };
  const redeliver = () =>
    send(async () => {
      await done(api.POST('/api/v1/webhooks/{id}/dead-letters/{letter}/redeliver', { params }));
      await again();
    });
  const discard = () =>
    send(async () => {
      await done(api.DELETE('/api/v1/webhooks/{id}/dead-letters/{letter}', { params }));
      await again();
    });
  return (
    <>
      <p className="row">
        <strong>{named(t, 'event', letter.kind)}</strong>
        <span className="mono small soft">{letter.event}</span>
      </p>
      <p className="small">{letter.error}</p>
      <p className="small soft">
        {t('dead_letter_tried', { n: f.number(letter.attempts), at: f.when(Date.parse(letter.at), now) })}
      </p>
      <Problem error={problem} />
      <p className="row">
        <button type="button" className="button" disabled={isBusy} onClick={() => void redeliver()}>
          {t('dead_letter_again')}
        </button>
        <button type="button" className="button" data-look="bad" disabled={isBusy} onClick={() => void discard()}>
          {t('dead_letter_discard')}
        </button>
      </p>
    </>
  );
}
