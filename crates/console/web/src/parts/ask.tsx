// A question before something that cannot be taken back.
import { useReader } from '../app/reader';
import { Problem } from './problem';
import { useSending } from './sending';

export function Ask(props: { ask: string; text: string; send: () => Promise<void>; close: () => void }) {
  const { t } = useReader();
  const { send, isBusy, problem } = useSending();
  return (
    <div className="stack">
      <Problem error={problem} />
      <p>{props.ask}</p>
      <p className="row">
        <button
          type="button"
          className="button"
          data-look="bad"
          disabled={isBusy}
          onClick={() => void send(props.send)}
        >
          {props.text}
        </button>
        <button type="button" className="button" onClick={props.close}>
          {t('cancel')}
        </button>
      </p>
    </div>
  );
}
