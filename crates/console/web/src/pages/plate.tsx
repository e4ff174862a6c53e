// One plate with everything that led to its reading.
import './detail.css';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { plateQuery } from '../api/queries';
import type { PlateDetail } from '../api/types';
import { useReader } from '../app/reader';
import { Badge, PlateMark, Verdict } from '../parts/marks';
import { reasonText } from '../parts/plate-words';
import { Failure, Skeleton } from '../parts/state';
import { named } from '../words';
import { BackLink, Clips, Facts, Pictures } from './detail';

export function PlatePage() {
  const { id } = useParams({ from: '/plates/$id' });
  const { data, error, refetch } = useQuery(plateQuery(id));
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={4} height={8} />;
  return <Detail detail={data} />;
}

function Detail({ detail }: { detail: PlateDetail }) {
  const { t, f } = useReader();
  const { plate } = detail;
  const facts = [
    [t('time'), `${f.moment(Date.parse(plate.from))} – ${f.time(Date.parse(plate.to))}`],
    [t('gate'), `${plate.gates.join(', ')} · ${plate.site}`],
    [t('camera'), plate.camera],
    [t('outcome'), [named(t, 'outcome', plate.outcome), reasonText(t, plate.reason)].filter(Boolean).join(': ')],
    [t('kind'), plate.kind ? named(t, 'kind', plate.kind) : '–'],
    [t('issuer'), plate.issuer ?? '–'],
    [t('vehicle_class'), plate.vehicle_class ? named(t, 'class', plate.vehicle_class) : '–'],
    [t('colour'), named(t, 'colour', plate.colour)],
    [t('confidence'), plate.confidence == null ? '–' : f.percent(plate.confidence)],
    [t('node'), `${plate.node} · ${t('event_number')} ${f.number(plate.seq)}`],
    [t('received'), f.moment(Date.parse(detail.received_at))],
    [t('event_hash'), detail.hash],
  ] as const;
  return (
    <>
      <header className="page-head">
        <div>
          <BackLink />
          <h1 className="row">
            <PlateMark text={plate.display ?? detail.raw} colour={plate.colour} />
            {plate.ambiguous && <Badge tone="warn">{t('ambiguous')}</Badge>}
            {plate.decided && <Verdict verdict={plate.decided.verdict} />}
          </h1>
        </div>
        {plate.decided && (
          <Link className="button" to="/decisions/$id" params={{ id: plate.decided.id }}>
            {t('plate_decision')}
          </Link>
        )}
      </header>
      <div className="detail">
        <div className="stack">
          <Pictures evidence={plate.evidence} what={plate.display ?? t('plate')} at={f.moment(Date.parse(plate.to))} />
          <Clips clips={detail.clips} />
        </div>
        <div className="stack">
          <Facts rows={facts} />
          {detail.matches.length > 0 && (
            <section className="card">
              <h2>{t('matches')}</h2>
              <ul className="stack matches">
                {detail.matches.map((match) => (
                  <li key={`${match.list} ${match.key}`}>
                    <p className="row">
                      <Badge tone={match.purpose === 'watch' ? 'bad' : 'good'}>
                        {match.purpose === 'watch' ? t('watch') : t('allow')}
                      </Badge>
                      <strong>{match.key}</strong>
                      <span>
                        {match.list} · {f.percent(match.score)}
                      </span>
                    </p>
                    <p className="small soft">
                      {match.differing.length === 0
                        ? t('same')
                        : match.differing
                            .map((one) =>
                              t('difference', { place: one.position + 1, listed: one.listed, read: one.read }),
                            )
                            .join('; ')}
                    </p>
                    {match.note && <p className="small">{match.note}</p>}
                  </li>
                ))}
              </ul>
            </section>
          )}
          <section className="card">
            <h2>{t('readings')}</h2>
            <p className="soft small">
              {t('raw')}: <span className="mono">{detail.raw}</span>
            </p>
            <ol className="stack">
              {detail.readings.map((reading, place) => (
                <li key={`${reading.key} ${reading.kind}`} className="reading">
                  <p className="row">
                    <PlateMark text={reading.display} colour={place === 0 ? plate.colour : undefined} />
                    <strong className="figure">{f.percent(reading.confidence)}</strong>
                    <span className="soft small">{named(t, 'kind', reading.kind)}</span>
                    {place === 0 && <Badge tone="info">{t('reading_best')}</Badge>}
                  </p>
                  <Glyphs reading={reading} />
                </li>
              ))}
            </ol>
          </section>
          <section className="card">
            <h2>{t('votes')}</h2>
            <div className="table-scroll">
              <table className="table">
                <thead>
                  <tr>
                    <th scope="col">{t('vote_time')}</th>
                    <th scope="col">{t('raw')}</th>
                    <th scope="col" className="number">
                      {t('vote_sure')}
                    </th>
                    <th scope="col" className="number">
                      {t('vote_weight')}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {detail.votes.map((vote) => (
                    <tr key={vote.media_us}>
                      <td className="figure">{f.seconds(vote.media_us / 1_000)} s</td>
                      <td className="mono">{vote.raw}</td>
                      <td className="number">{f.percent(vote.confidence)}</td>
                      <td className="number">{f.decimal(vote.weight)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </section>
        </div>
      </div>
    </>
  );
}

function Glyphs({ reading }: { reading: PlateDetail['readings'][number] }) {
  const { t, f } = useReader();
  const glyphs = [...reading.key];
  return (
    <ul className="glyphs" aria-label={t('glyphs')}>
      {glyphs.map((glyph, place) => {
        const sure = reading.glyph_confidence[place] ?? 0;
        const isCorrected = reading.corrected.includes(place);
        const values = { glyph, p: f.percent(sure) };
        return (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: a glyph is its place
            key={place}
            title={isCorrected ? t('glyph_corrected', values) : t('glyph', values)}
            data-corrected={isCorrected}
          >
            <span>{glyph}</span>
            <meter min={0} max={1} low={0.6} high={0.9} optimum={1} value={sure} aria-label={t('glyph', values)} />
          </li>
        );
      })}
    </ul>
  );
}
