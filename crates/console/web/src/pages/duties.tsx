// What an account must see to before anything else: a password of its own, a second factor.
import './entrance.css';
import { useQueryClient } from '@tanstack/react-query';
import { useReader } from '../app/reader';
import { type Session, sessionQuery } from '../app/session';
import { PasswordForm, TotpForm } from './account/forms';
import { LanguageChoice } from './language-choice';

export function Duties({ session }: { session: Session }) {
  const { t } = useReader();
  const client = useQueryClient();
  const done = () => void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  const isPassword = session.duties?.includes('password') ?? false;
  return (
    <main className="entrance">
      <div className="card entrance-card">
        <img src="/icon.svg" alt="" width="48" height="48" />
        <h1>{session.account.display_name || session.account.name}</h1>
        <p>{isPassword ? t('duty_password') : t('duty_totp')}</p>
        {isPassword ? <PasswordForm session={session} done={done} /> : <TotpForm session={session} done={done} />}
        <LanguageChoice />
      </div>
    </main>
  );
}
