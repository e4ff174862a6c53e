// A secret that is shown once, to be copied.
import { useState } from 'react';
import { useReader } from '../app/reader';

export function ShownOnce({ help, secret }: { help: string; secret: string }) {
  const { t } = useReader();
  const [isCopied, setCopied] = useState(false);
  return (
    <div className="stack">
      <p>{help}</p>
      <p className="mono key-once">{secret}</p>
      <button
        type="button"
        className="button"
        data-look="main"
        onClick={() => void navigator.clipboard.writeText(secret).then(() => setCopied(true))}
      >
        {isCopied ? t('copied') : t('copy')}
      </button>
    </div>
  );
}
