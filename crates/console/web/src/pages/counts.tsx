// Passages over time: chosen, compared, by hour and weekday, with how far they can be trusted.
import './counts.css';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, useState } from 'react';
import { accuracyQuery, countsQuery, gatesQuery, sitesQuery } from '../api/queries';
import type { Group } from '../api/types';
import { useNow, useReader } from '../app/reader';
import { useSite } from '../app/site-choice';
import { DAY_MS, dayOf, dayStart, dayText, toApi } from '../format/time';
import { Choice, Field, Select } from '../parts/controls';
import { DateInput } from '../parts/date-input';
import { ExportLinks } from '../parts/exports';
import { Icon } from '../parts/icon';
import { Failure, Skeleton, State } from '../parts/state';
import { Heat } from './counts/heat';
import { type Compare, earlier, PERIODS, type Period, type Span, spanOf } from './counts/period';
import {
  bandOf,
  bucketOf,
  lengthOf,
  peakOf,
  STEPS,
  type Step,
  seriesOf,
  startsOf,
  stepFor,
  totalOf,
} from './counts/series';
import { CountsTable, download } from './counts/table';
import { Trust } from './counts/trust';

const Chart = lazy(() => import('../parts/chart').then((part) => ({ default: part.Chart })));

const COMPARES: readonly Compare[] = ['none', 'before', 'week', 'year'];
/** From so many days on, hours and weekdays say something. */
const HEAT_DAYS_MIN = 7;
/** How often a period that goes on is asked for again. */
const AGAIN_MS = 60_000;

export function CountsPage() {
  const { t, f } = useReader();
  const site = useSite();
  const now = useNow(AGAIN_MS);
  const [period, setPeriod] = useState<Period>('today');
  const [days, setDays] = useState<[string, string]>(() => [dayText(Date.now() - 6 * DAY_MS), dayText(Date.now())]);
  const [wanted, setWanted] = useState<Step>('hour');
  const [compare, setCompare] = useState<string>('none');
  const [group, setGroup] = useState<Group>('person');
  const [gate, setGate] = useState('');
  const gates = useQuery(gatesQuery);
  const sites = useQuery(sitesQuery);

  const custom = customSpan(days);
  const span = period === 'custom' ? (custom ?? spanOf('week', now)) : spanOf(period, now);
  const step = stepFor(wanted, span.to - span.from);
  const shown = useStretch({ site, gate: gate || undefined, span, step, now });
  const otherSite = compare.startsWith('site:') ? compare.slice('site:'.length) : undefined;
  const before = earlier(span, COMPARES.find((known) => known === compare) ?? 'none');
  const compared = useStretch({
    site: otherSite ?? site,
    gate: otherSite ? undefined : gate || undefined,
    span: otherSite ? span : (before ?? span),
    step,
    now,
    enabled: otherSite !== undefined || before !== null,
  });
  const trust = useQuery(accuracyQuery({ site, gate: gate || undefined }));

  const starts = useMemo(() => startsOf(span.from, Math.min(span.to, now), step), [span.from, span.to, now, step]);
  const series = useMemo(() => {
    const rows = shown.data?.rows.filter((row) => row.group === group) ?? [];
    return { in: seriesOf(rows, starts, lengthOf(step), 'in'), out: seriesOf(rows, starts, lengthOf(step), 'out') };
  }, [shown.data, group, starts, step]);
  const other = useMemo(() => {
    if (!compared.data || (!otherSite && !before)) return null;
    const rows = compared.data.rows.filter((row) => row.group === group);
    const from = otherSite ? span.from : (before?.from ?? span.from);
    const theirs = startsOf(from, from + (span.to - span.from), step).slice(0, starts.length);
    const whole = {
      in: seriesOf(rows, theirs, lengthOf(step), 'in'),
      out: seriesOf(rows, theirs, lengthOf(step), 'out'),
    };
    return starts.map((_, place) => (whole.in[place] ?? 0) + (whole.out[place] ?? 0));
  }, [compared.data, otherSite, before, group, span.from, span.to, step, starts]);

  const total = { in: totalOf(series.in), out: totalOf(series.out) };
  const sums = useMemo(() => series.in.map((value, place) => value + (series.out[place] ?? 0)), [series]);
  const peak = peakOf(sums);
  const nameOf = useMemo(() => nameFor(step, f), [step, f]);
  const tickOf = useMemo(() => tickFor(step, span.to - span.from, f), [step, span.from, span.to, f]);
  const audited = trust.data?.filter((row) => row.group === group && row.line == null) ?? [];
  // One gate's error speaks of that gate; a sum over gates has one only where there is one gate.
  const errorOf = (direction: string) => {
    const rows = audited.filter((row) => row.direction === direction);
    return rows.length === 1 ? rows[0] : undefined;
  };
  const band = bandOf(series.in, errorOf('in'));
  const { lines, bands } = useMemo(() => {
    const lines = [
      { label: t('in'), values: series.in, colour: '--in' },
      { label: t('out'), values: series.out, colour: '--out' },
      ...(other ? [{ label: t('compare'), values: other, colour: '--line-strong', dashed: true }] : []),
      ...(band
        ? [
            { label: `${t('band')} +`, values: band.most, colour: '--in', edge: true },
            { label: `${t('band')} −`, values: band.least, colour: '--in', edge: true },
          ]
        : []),
    ];
    const upper = lines.length - 2;
    return { lines, bands: band ? [{ upper, lower: upper + 1, colour: '--in' }] : [] };
  }, [series, other, band, t]);

  const here = gates.data?.filter((row) => !site || row.site === site) ?? [];
  const names = [...new Set(here.map((row) => row.gate))];
  const others = sites.data?.filter((row) => row.site !== site).map((row) => row.site) ?? [];
  const isOneDay = span.to - span.from <= DAY_MS;
  const spanText = isOneDay ? f.day(span.from) : `${f.day(span.from)} – ${f.day(span.to - 1)}`;
  const change = other && totalOf(other) > 0 ? (total.in + total.out) / totalOf(other) - 1 : null;
  const isLong = span.to - span.from >= HEAT_DAYS_MIN * DAY_MS;

  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_counts')}</h1>
          <p className="soft">{t('counts_help')}</p>
        </div>
        <div className="row">
          <ExportLinks table="counts" site={site} gate={gate || undefined} span={span} />
          <button
            type="button"
            className="button"
            disabled={!shown.data}
            onClick={() => download({ t, f, starts, series, step, group, site, gate })}
          >
            <Icon name="down" />
            {t('export_csv')}
          </button>
        </div>
      </header>
      <section className="card filters" aria-label={t('period')}>
        <Choice
          label={t('period')}
          value={period}
          options={PERIODS.map((known) => [known, t(`period_${known}`)] as const)}
          onChange={(chosen) => {
            setPeriod(chosen);
            setWanted(chosen === 'today' || chosen === 'yesterday' ? 'hour' : chosen === 'year' ? 'month' : 'day');
          }}
        />
        {period === 'custom' && (
          <div className="row">
            <Field label={t('first_day')}>
              {(ids) => <DateInput ids={ids} value={days[0]} onChange={(first) => setDays([first, days[1]])} />}
            </Field>
            <Field label={t('last_day')} error={custom ? undefined : t('day_wrong')}>
              {(ids) => <DateInput ids={ids} value={days[1]} onChange={(last) => setDays([days[0], last])} />}
            </Field>
          </div>
        )}
        <div className="filter-fields">
          <Select
            label={t('gate')}
            value={gate}
            options={[['', t('all_gates')], ...names.map((name) => [name, name] as const)]}
            onChange={setGate}
          />
          <Select
            label={t('step')}
            value={wanted}
            options={STEPS.map((known) => [known, t(`step_${known}`)] as const)}
            onChange={(value) => setWanted(STEPS.find((known) => known === value) ?? 'hour')}
          />
          <Select
            label={t('compare')}
            value={compare}
            options={[
              ...COMPARES.map((known) => [known, t(`compare_${known}`)] as const),
              ...others.map((name) => [`site:${name}`, t('compare_site', { site: name })] as const),
            ]}
            onChange={setCompare}
          />
          <div className="field">
            <span className="label">{t('group')}</span>
            <Choice
              label={t('group')}
              value={group}
              options={[
                ['person', t('persons')],
                ['vehicle', t('vehicles')],
              ]}
              onChange={setGroup}
            />
          </div>
        </div>
        {step !== wanted && <p className="small soft">{t('too_many_steps', { step: t(`step_${step}`) })}</p>}
      </section>
      {shown.error && !shown.data ? (
        <div className="card">
          <Failure error={shown.error} retry={() => void shown.refetch()} />
        </div>
      ) : !shown.data ? (
        <Skeleton rows={2} height={12} />
      ) : (
        <>
          <dl className="sums">
            <Sum name={`${t('in')} · ${spanText}`} value={f.number(total.in)} direction="in" />
            <Sum name={`${t('out')} · ${spanText}`} value={f.number(total.out)} direction="out" />
            <Sum
              name={t('peak')}
              value={peak ? f.number(peak.value) : '–'}
              help={peak ? nameOf(starts[peak.place] ?? 0) : undefined}
            />
            {change !== null && <Sum name={t('change')} value={f.change(change)} />}
          </dl>
          <section className="card" aria-labelledby="chart">
            <h2 id="chart" className="unseen">
              {t('chart')}
            </h2>
            {total.in + total.out === 0 && !other ? (
              <State icon="counts" title={t('counts_empty')}>
                <p>{t('counts_empty_help')}</p>
              </State>
            ) : (
              <Suspense fallback={<Skeleton rows={1} height={20} />}>
                <Chart
                  starts={starts}
                  lines={lines}
                  bands={bands}
                  nameOf={nameOf}
                  tickOf={tickOf}
                  height={320}
                  text={t('chart_help', {
                    from: f.moment(span.from),
                    to: f.moment(Math.min(span.to, now)),
                    in: f.number(total.in),
                    out: f.number(total.out),
                  })}
                />
              </Suspense>
            )}
          </section>
          <div className="counts-more">
            {isLong && <HeatOf site={site} gate={gate || undefined} span={span} group={group} now={now} />}
            <Trust rows={trust.data} total={total} group={group} />
          </div>
          <CountsTable starts={starts} series={series} nameOf={nameOf} />
        </>
      )}
    </>
  );
}

function customSpan([first, last]: [string, string]): Span | null {
  const [from, to] = [dayOf(first), dayOf(last)];
  return from !== null && to !== null && from <= to ? { from, to: to + DAY_MS } : null;
}

interface Asked {
  site: string | undefined;
  gate: string | undefined;
  span: Span;
  step: Step;
  now: number;
  enabled?: boolean;
}

function useStretch({ site, gate, span, step, now, enabled = true }: Asked) {
  const query = countsQuery({ site, gate, from: toApi(span.from), to: toApi(span.to), bucket: bucketOf(step) });
  const goesOn = span.to > now;
  return useQuery({ ...query, enabled, refetchInterval: goesOn ? AGAIN_MS : false });
}

function HeatOf(props: { site: string | undefined; gate: string | undefined; span: Span; group: Group; now: number }) {
  const { span, now, group } = props;
  const longest = Math.max(span.from, dayStart(span.to - 1) - 119 * DAY_MS);
  const { data } = useStretch({ ...props, span: { from: longest, to: span.to }, step: 'hour' });
  if (!data) return <Skeleton rows={1} height={14} />;
  return <Heat rows={data.rows.filter((row) => row.group === group)} from={longest} to={Math.min(span.to, now)} />;
}

function Sum(props: { name: string; value: string; help?: string | undefined; direction?: 'in' | 'out' }) {
  return (
    <div className="card" data-direction={props.direction}>
      <dt className="soft small">{props.name}</dt>
      <dd className="figure">{props.value}</dd>
      {props.help && <dd className="soft small">{props.help}</dd>}
    </div>
  );
}

type Formats = ReturnType<typeof useReader>['f'];

function nameFor(step: Step, f: Formats): (ms: number) => string {
  if (step === 'day') return (ms) => `${f.weekday(ms)} ${f.day(ms)}`;
  if (step === 'month') return f.month;
  if (step === 'year') return f.year;
  return (ms) => `${f.minute(ms)} ${f.day(ms)}`;
}

function tickFor(step: Step, lengthMs: number, f: Formats): (ms: number) => string {
  if (step === 'month') return f.month;
  if (step === 'year') return f.year;
  return lengthMs > 2 * DAY_MS ? f.dayShort : f.minute;
}
