// Webhooks: where events are posted to, how that goes, and what was not taken.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, done, take } from '../../api/client';
import type { Webhook } from '../../api/types';
import { webhooksQuery } from '../../api/webhooks';
import { useNow, useReader } from '../../app/reader';
import { Ask } from '../../parts/ask';
import { Dialog } from '../../parts/dialog';
import { Badge } from '../../parts/marks';
import { ShownOnce } from '../../parts/once';
import { Problem } from '../../parts/problem';
import { useSending } from '../../parts/sending';
import { Failure, Skeleton, State } from '../../parts/state';
import { named } from '../../words';
import { DeadLetters } from './webhooks/dead-letters';
import { WebhookForm } from './webhooks/form';

/** What stands in the window over the page. */
type Open =
  | { what: 'add' }
  | { what: 'edit' | 'secret' | 'remove' | 'letters'; hook: Webhook }
  | { what: 'once'; secret: string };

export function Webhooks() {
  const { t } = useReader();
  const client = useQueryClient();
  const [open, setOpen] = useState<Open | null>(null);
  const { data, error, refetch } = useQuery(webhooksQuery);
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={3} height={4} />;
  const again = () => client.invalidateQueries({ queryKey: webhooksQuery.queryKey });
  const close = () => setOpen(null);
  return (
    <section className="stack" aria-label={t('webhooks')}>
      <p className="soft">{t('webhooks_help')}</p>
      <div className="row">
        <button type="button" className="button" data-look="main" onClick={() => setOpen({ what: 'add' })}>
          {t('webhook_add')}
        </button>
        <a href="/api/v1/webhooks/schema" target="_blank" rel="noreferrer">
          {t('webhook_schema')}
        </a>
      </div>
      {data.length === 0 && <State icon="out" title={t('webhooks_none')} />}
      <ul className="stack" aria-label={t('webhooks')}>
        {data.map((hook) => (
          <li key={hook.id} className="card account-row">
            <HookRow hook={hook} />
            <HookActions hook={hook} again={again} open={setOpen} />
          </li>
        ))}
      </ul>
      <Windows open={open} show={setOpen} close={close} again={again} />
    </section>
  );
}

function Windows(props: {
  open: Open | null;
  show: (open: Open) => void;
  close: () => void;
  again: () => Promise<void>;
}) {
  const { t } = useReader();
  const { open, show, close, again } = props;
  const saved = (secret: string | null) => {
    if (secret === null) close();
    else show({ what: 'once', secret });
    void again();
  };
  const newSecret = async (id: string) => {
    const answer = await take(
      api.PATCH('/api/v1/webhooks/{id}', { params: { path: { id } }, body: { new_secret: true } }),
    );
    saved(secretOf(answer));
  };
  const remove = async (id: string) => {
    await done(api.DELETE('/api/v1/webhooks/{id}', { params: { path: { id } } }));
    saved(null);
  };
  const titles = {
    add: () => t('webhook_add'),
    once: () => t('webhook_secret_new'),
    edit: () => t('webhook_edit'),
    secret: () => t('webhook_secret_new'),
    remove: () => t('webhook_remove'),
    letters: () => t('dead_letters_of', { url: open && 'hook' in open ? open.hook.url : '' }),
  };
  return (
    <Dialog title={open ? titles[open.what]() : ''} isOpen={open !== null} close={close}>
      {open?.what === 'add' && <WebhookForm hook={null} saved={saved} />}
      {open?.what === 'once' && <ShownOnce help={t('webhook_secret_once')} secret={open.secret} />}
      {open?.what === 'edit' && <WebhookForm hook={open.hook} saved={saved} />}
      {open?.what === 'letters' && <DeadLetters hook={open.hook} changed={again} />}
      {open?.what === 'secret' && (
        <Ask
          ask={t('webhook_secret_ask', { url: open.hook.url })}
          text={t('webhook_secret_new')}
          send={() => newSecret(open.hook.id)}
          close={close}
        />
      )}
      {open?.what === 'remove' && (
        <Ask
          ask={t('webhook_remove_ask', { url: open.hook.url })}
          text={t('webhook_remove')}
          send={() => remove(open.hook.id)}
          close={close}
        />
      )}
    </Dialog>
  );
}

/** The secret of an answer that holds one. */
function secretOf(answer: unknown): string | null {
  const holds = typeof answer === 'object' && answer !== null && 'secret' in answer;
  return holds && typeof answer.secret === 'string' ? answer.secret : null;
}

function HookRow({ hook }: { hook: Webhook }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const isFailing = hook.active && hook.attempts > 0;
  const kinds = hook.kinds.map((kind) => named(t, 'event', kind)).join(', ');
  return (
    <div className="stack">
      <p className="row">
        <strong className="mono">{hook.url}</strong>
        <Badge tone={isFailing ? 'bad' : hook.active ? 'good' : 'plain'}>
          {isFailing
            ? t('webhook_failing', { n: f.number(hook.attempts) })
            : hook.active
              ? t('webhook_active')
              : t('webhook_paused')}
        </Badge>
        <span className="figure">{t('webhook_delivered', { n: f.number(hook.delivered) })}</span>
      </p>
      <p>{[kinds || t('webhook_kinds_all'), hook.sites.join(', ') || t('all_sites')].join(' · ')}</p>
      <p className="small">
        {hook.legal_basis ? t('webhook_basis_is', { basis: hook.legal_basis }) : t('webhook_redacted')}
      </p>
      {hook.last_error && <p className="small error">{t('webhook_refused_why', { detail: hook.last_error })}</p>}
      <p className="small soft">
        {t('made_by', { at: f.when(Date.parse(hook.created_at), now), by: hook.created_by })}
      </p>
    </div>
  );
}

function HookActions(props: { hook: Webhook; again: () => Promise<void>; open: (open: Open) => void }) {
  const { t, f } = useReader();
  const { hook, again, open } = props;
  const { send, isBusy, problem } = useSending();
  const [tried, setTried] = useState<{ kind: string; error: string | null } | null>(null);
  const params = { path: { id: hook.id } };
  const setActive = (active: boolean) =>
    send(async () => {
      await done(api.PATCH('/api/v1/webhooks/{id}', { params, body: { active } }));
      await again();
    });
  const tryIt = () =>
    send(async () => {
      setTried(null);
      const { kind, error } = await take(api.POST('/api/v1/webhooks/{id}/trial', { params }));
      setTried({ kind, error: error ?? null });
      await again();
    });
  return (
    <div className="stack">
      <Problem error={problem} />
      {tried && (
        <p className="banner" data-tone={tried.error ? 'bad' : 'good'} role="status">
          {tried.error
            ? t('webhook_refused_why', { detail: tried.error })
            : t('webhook_trial_taken', { kind: named(t, 'event', tried.kind) })}
        </p>
      )}
      <div className="row">
        <button type="button" className="button" disabled={isBusy} onClick={() => void tryIt()}>
          {t('webhook_trial')}
        </button>
        <button type="button" className="button" disabled={isBusy} onClick={() => void setActive(!hook.active)}>
          {hook.active ? t('webhook_pause') : t('webhook_resume')}
        </button>
        <button
          type="button"
          className="button"
          aria-label={t('webhook_edit_of', { url: hook.url })}
          onClick={() => open({ what: 'edit', hook })}
        >
          {t('edit')}
        </button>
        <button type="button" className="button" onClick={() => open({ what: 'secret', hook })}>
          {t('webhook_secret_new')}
        </button>
        {hook.dead_letters > 0 && (
          <button type="button" className="button" onClick={() => open({ what: 'letters', hook })}>
            {t('dead_letters', { n: f.number(hook.dead_letters) })}
          </button>
        )}
        <button
          type="button"
          className="button"
          data-look="bad"
          aria-label={t('webhook_remove_of', { url: hook.url })}
          onClick={() => open({ what: 'remove', hook })}
        >
          {t('webhook_remove')}
        </button>
      </div>
    </div>
  );
}
