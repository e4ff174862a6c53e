// What an account must see to before anything else: a password of its own, a second factor.
import './entrance.css';
import { useQueryClient } from '@tanstack/react-query';
import type { Session } from '../api/types';
import { useReader } from '../app/reader';
import { sessionQuery } from '../app/session';
import { PasswordForm } from './account/password';
import { TotpForm } from './account/second-factor';
import { LanguageChoice } from './language-choice';
import { SignOut } from './sign-out';

export function Duties({ session }: { session: Session }) {
  const { t } = useReader();
  const client = useQueryClient();
  const done = () => void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  const isPassword = session.duties.includes('password');
  return (
    <main className="entrance">
      <div className="card entrance-card">
        <img src="/icon.svg" alt="" width="48" height="48" />
        <h1>{session.account.display_name || session.account.name}</h1>
        <p>{isPassword ? t('duty_password') : t('duty_totp')}</p>
        {isPassword ? <PasswordForm session={session} done={done} /> : <TotpForm session={session} done={done} />}
        <SignOut />
        <LanguageChoice />
      </div>
    </main>
  );
}
