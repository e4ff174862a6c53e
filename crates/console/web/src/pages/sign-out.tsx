// Leaving where there is no menu yet.
import { useQueryClient } from '@tanstack/react-query';
import { useReader } from '../app/reader';
import { signOut } from '../app/session';

export function SignOut() {
  const { t } = useReader();
  const client = useQueryClient();
  return (
    <button type="button" className="button" onClick={() => void signOut(client)}>
      {t('sign_out')}
    </button>
  );
}
