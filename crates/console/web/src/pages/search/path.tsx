// Where one plate was, in the order of time: a gate, how long until the next one, the next gate.
import { Link } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import type { Plate } from '../../api/types';
import { useReader } from '../../app/reader';
import { bestOf, Picture } from '../../parts/picture';
import { PathMap } from './path-map';
import { staysOf } from './stays';

export function PlatePath({ plates, more }: { plates: readonly Plate[]; more: (() => void) | undefined }) {
  const { t, f } = useReader();
  useEffect(() => more?.(), [more]);
  const stays = useMemo(() => staysOf(plates), [plates]);
  return (
    <>
      <PathMap stays={stays} />
      <p className="soft small">{t('path_help')}</p>
      <ol className="path">
        {stays.map((stay, place) => {
          const before = stays[place - 1];
          const newest = stay.plates[0];
          if (!newest) return null;
          const sameDay = f.day(stay.from) === f.day(stay.to);
          const text = `${f.moment(stay.from)}${stay.to > stay.from ? ` – ${sameDay ? f.time(stay.to) : f.moment(stay.to)}` : ''}`;
          return (
            <li key={newest.id}>
              {before && (
                <p className="path-gap small soft">{t('path_after', { time: f.span(stay.from - before.to) })}</p>
              )}
              <div className="path-stop">
                <Picture
                  className="feed-picture"
                  medium={bestOf(newest.evidence)}
                  text={t('picture_of', { what: newest.display ?? '', at: text })}
                  opens
                />
                <div>
                  <h3>
                    {f.number(place + 1)}. {stay.gate} <span className="soft">· {stay.site}</span>
                  </h3>
                  <p className="figure">{text}</p>
                  <p className="row small">
                    {t('sightings', { n: f.number(stay.plates.length) })}
                    <Link to="/plates/$id" params={{ id: newest.id }}>
                      {t('read_of')}
                    </Link>
                  </p>
                </div>
              </div>
            </li>
          );
        })}
      </ol>
    </>
  );
}
