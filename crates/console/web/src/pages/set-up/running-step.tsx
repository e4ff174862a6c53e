// It starts, and then it counts: the figures come by the same stream as on the live page.
import '../live.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { gatesQuery } from '../../api/queries';
import { useReader } from '../../app/reader';
import { Icon } from '../../parts/icon';
import { Skeleton, State } from '../../parts/state';
import { GateCard } from '../live/gate-card';
import type { StepProps } from '../set-up';

export function RunningStep(props: StepProps & { back: () => void; another: () => void }) {
  const { t } = useReader();
  const { appliance, draft, back, another } = props;
  const { data } = useQuery(gatesQuery);
  const gate = data?.find((one) => one.gate === draft.gate && one.site === (appliance.site ?? draft.site));
  if (appliance.stage === 'failed') {
    return (
      <State icon="alert" title={t('set_up_failed')} role="alert">
        <p>{t('set_up_failed_help', { reason: appliance.reason ?? '' })}</p>
        <button type="button" className="button" data-look="main" onClick={back}>
          {t('set_up_camera_again')}
        </button>
      </State>
    );
  }
  const isStarting = appliance.stage === 'starting';
  return (
    <div className="stack">
      <p className="banner" data-tone={isStarting ? 'info' : 'good'} role="status">
        {t(isStarting ? 'set_up_starting' : gate ? 'set_up_counting' : 'set_up_waiting')}
      </p>
      {gate ? <GateCard gate={gate} showsSite={false} /> : <Skeleton rows={1} height={9} />}
      <p className="row">
        <Link to="/" className="button" data-look="main">
          <Icon name="live" />
          {t('go_live')}
        </Link>
        <button type="button" className="button" onClick={another}>
          {t('set_up_another')}
        </button>
      </p>
    </div>
  );
}
