// How far the set-up is.
import { useReader } from '../../app/reader';
import { Icon } from '../../parts/icon';
import { STEPS, type Step } from './draft';

const ALL = ['admin', ...STEPS] as const;

/** The steps in their order; those before the present one can be gone back to. */
export function Steps({ at, go }: { at: 'admin' | Step; go?: (step: Step) => void }) {
  const { t } = useReader();
  const place = ALL.indexOf(at);
  return (
    <ol className="steps" aria-label={t('set_up_steps')}>
      {ALL.map((step, number) => {
        const isDone = number < place;
        const text = (
          <>
            <span className="step-number" aria-hidden="true">
              {isDone ? <Icon name="check" /> : number + 1}
            </span>
            <span className="step-name">{t(`set_up_${step}`)}</span>
          </>
        );
        return (
          <li key={step} aria-current={step === at ? 'step' : undefined} data-done={isDone || undefined}>
            {isDone && step !== 'admin' && go && at !== 'running' ? (
              <button type="button" onClick={() => go(step)}>
                {text}
              </button>
            ) : (
              <span>{text}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
