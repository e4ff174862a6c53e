// Passages of today, in and out, by the quarter of an hour.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { countsQuery } from '../../api/queries';
import type { Group } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { dayStart, MINUTE_MS, toApi } from '../../format/time';
import { Chart } from '../../parts/chart';
import { Choice } from '../../parts/controls';
import { Failure, Skeleton } from '../../parts/state';
import { seriesOf, startsOf, totalOf } from '../counts/series';

/** How often today's figures are asked for again. */
const AGAIN_MS = 60_000;
const STEP_MS = 15 * MINUTE_MS;

export function DayChart({ site, height }: { site: string | undefined; height?: number }) {
  const { t, f } = useReader();
  const now = useNow(AGAIN_MS);
  const [group, setGroup] = useState<Group>('person');
  const from = dayStart(now);
  const query = countsQuery({ site, from: toApi(from), to: toApi(from + 24 * 60 * MINUTE_MS), bucket: 'minute' });
  const { data, error, refetch } = useQuery({ ...query, refetchInterval: AGAIN_MS });
  const { starts, lines, total } = useMemo(() => {
    const starts = startsOf(from, Math.min(now, from + 24 * 60 * MINUTE_MS), 'quarter');
    const rows = data?.rows.filter((row) => row.group === group) ?? [];
    const entered = seriesOf(rows, starts, STEP_MS, 'in');
    const left = seriesOf(rows, starts, STEP_MS, 'out');
    const lines = [
      { label: t('in'), values: entered, colour: '--in' },
      { label: t('out'), values: left, colour: '--out' },
    ];
    return { starts, lines, total: { in: totalOf(entered), out: totalOf(left) } };
  }, [data, group, from, now, t]);
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton rows={1} height={12} />;
  const text = t('chart_help', {
    from: f.minute(from),
    to: f.minute(now),
    in: f.number(total.in),
    out: f.number(total.out),
  });
  return (
    <>
      <Choice
        label={t('group')}
        value={group}
        options={[
          ['person', t('persons')],
          ['vehicle', t('vehicles')],
        ]}
        onChange={setGroup}
      />
      <Chart
        starts={starts}
        lines={lines}
        nameOf={f.minute}
        tickOf={f.minute}
        text={text}
        {...(height ? { height } : {})}
      />
    </>
  );
}
