// Sites on a plain grid of coordinates with a scale.
import { useReader } from '../../../app/reader';
import { type Point, viewOf } from './view';

const KM_M = 1_000;

export function Graticule(props: {
  label: string;
  sites: readonly (Point & { site: string })[];
  /** Ways between them. */
  legs?: readonly { from: Point; to: Point }[];
  /** What is written beside a site; its name where nothing else is said. */
  text?: (site: string) => string;
}) {
  const { t, f } = useReader();
  const { label, sites, legs = [], text = (site: string) => site } = props;
  const view = viewOf(sites);
  const degrees = (value: number, [plus, minus]: readonly [string, string]) =>
    `${f.decimal(Math.abs(value), view.digits)}° ${value < 0 ? minus : plus}`;
  const { km, length } = view.scale;
  const y = view.height - 30;
  return (
    <svg className="graticule" viewBox={`0 0 ${view.width} ${view.height}`} role="img" aria-label={label}>
      {view.parallels.map((latitude) => (
        <g key={latitude}>
          <line x1={0} x2={view.width} y1={view.y(latitude)} y2={view.y(latitude)} />
          <text x={8} y={view.y(latitude) - 8}>
            {degrees(latitude, ['B', 'N'])}
          </text>
        </g>
      ))}
      {view.meridians.map((longitude) => (
        <g key={longitude} className="meridian">
          <line x1={view.x(longitude)} x2={view.x(longitude)} y1={0} y2={view.height} />
          <text x={view.x(longitude) + 8} y={30}>
            {degrees(longitude, ['Đ', 'T'])}
          </text>
        </g>
      ))}
      <g className="scale">
        <line x1={view.width - length - 30} x2={view.width - 30} y1={y} y2={y} />
        <text x={view.width - 30} y={y - 14} textAnchor="end">
          {km >= 1 ? t('map_scale', { km: f.number(km) }) : t('map_scale_m', { m: f.number(Math.round(km * KM_M)) })}
        </text>
      </g>
      {legs.map(({ from, to }) => (
        <line
          key={`${from.latitude} ${from.longitude} ${to.latitude} ${to.longitude}`}
          className="leg"
          x1={view.x(from.longitude)}
          y1={view.y(from.latitude)}
          x2={view.x(to.longitude)}
          y2={view.y(to.latitude)}
        />
      ))}
      {sites.map((one) => {
        const [x, y] = [view.x(one.longitude), view.y(one.latitude)];
        const isRight = x > view.width * 0.7;
        return (
          <g key={one.site} className="site-dot">
            <circle cx={x} cy={y} r={14} />
            <text x={isRight ? x - 22 : x + 22} y={y + 9} textAnchor={isRight ? 'end' : 'start'}>
              {text(one.site)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
