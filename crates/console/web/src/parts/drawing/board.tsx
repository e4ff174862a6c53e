// What lies over the picture: the shapes as they are, and the points by which they are moved.
import type { KeyboardEvent, PointerEvent } from 'react';
import { useReader } from '../../app/reader';
import { Icon } from '../icon';
import { type Spot, stepped } from '../spot';
import {
  CORNERS_MIN,
  flipped,
  headingOf,
  type Line,
  middleOf,
  moved,
  type Shape,
  wayOf,
  withCorner,
  withoutCorner,
  type Zone,
} from './shapes';

interface BoardProps {
  picture: { width: number; height: number };
  shapes: readonly Shape[];
  faults: Readonly<Record<string, readonly string[]>>;
  /** What is being drawn: the points that are set, and where the pointer is. */
  pending: { corners: readonly Spot[]; hover: Spot | null } | null;
  selected: string | null;
  select: (key: string) => void;
  at: (event: PointerEvent) => Spot;
  change: (shapes: Shape[]) => void;
}

const placed = (spot: Spot) => ({ left: `${spot.x * 100}%`, top: `${spot.y * 100}%` });

export function Board(props: BoardProps) {
  const { picture, shapes, faults, pending, selected, select } = props;
  const { width, height } = picture;
  const replace = (next: Shape) => props.change(shapes.map((one) => (one.key === next.key ? next : one)));
  const px = (spot: Spot) => [spot.x * width, spot.y * height] as const;
  const path = (points: readonly Spot[]) => points.map((spot) => px(spot).join(',')).join(' ');
  const drawn = pending ? [...pending.corners, ...(pending.hover ? [pending.hover] : [])] : [];
  return (
    <>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {shapes.map((shape) => (
          <g
            key={shape.key}
            className={`drawn-${shape.kind}`}
            data-selected={shape.key === selected || undefined}
            data-fault={(faults[shape.key]?.length ?? 0) > 0 || undefined}
          >
            {shape.kind === 'zone' ? (
              <polygon points={path(shape.points)} />
            ) : (
              <>
                <polyline className="under" points={path(shape.points)} />
                <polyline points={path(shape.points)} />
              </>
            )}
          </g>
        ))}
        {drawn.length > 0 && <polyline className="pending" points={path(drawn)} />}
        {pending?.corners.map((spot) => {
          const [x, y] = px(spot);
          return <circle key={`${x} ${y}`} className="pending" cx={x} cy={y} r={Math.max(width, height) / 160} />;
        })}
      </svg>
      {/* While something is drawn, nothing else is in the pointer's way. */}
      {!pending &&
        shapes.map((shape) => (
          <Handles
            key={shape.key}
            shape={shape}
            picture={picture}
            isSelected={shape.key === selected}
            select={() => select(shape.key)}
            at={props.at}
            replace={replace}
          />
        ))}
    </>
  );
}

interface HandlesProps {
  shape: Shape;
  picture: { width: number; height: number };
  isSelected: boolean;
  select: () => void;
  at: (event: PointerEvent) => Spot;
  replace: (shape: Shape) => void;
}

function Handles(props: HandlesProps) {
  const { t, f } = useReader();
  const { shape, isSelected, select, replace } = props;
  const [first] = shape.points;
  const drag = (place: number) => (event: PointerEvent<HTMLButtonElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    replace(moved(shape, place, props.at(event)));
  };
  const press = (place: number, spot: Spot) => (event: KeyboardEvent<HTMLButtonElement>) => {
    const isRemoval = event.key === 'Delete' || event.key === 'Backspace';
    const next = isRemoval ? null : stepped(spot, event.key, event.shiftKey);
    if (!next && !(isRemoval && shape.kind === 'zone' && shape.points.length > CORNERS_MIN)) return;
    event.preventDefault();
    if (next) replace(moved(shape, place, next));
    else if (shape.kind === 'zone') replace(withoutCorner(shape, place));
  };
  return (
    <>
      {first && (
        <span className="drawn-name" style={placed(first)} data-at={first.y > 0.9 ? 'above' : 'below'}>
          {shape.id}
        </span>
      )}
      {shape.points.map((spot, place) => (
        <button
          // Corners have no name but their place.
          key={String(place)}
          type="button"
          className="drawn-point"
          data-kind={shape.kind}
          data-shape={shape.key}
          data-selected={isSelected || undefined}
          style={placed(spot)}
          aria-label={t(shape.kind === 'line' ? 'draw_end' : 'draw_corner', {
            id: shape.id,
            n: place + 1,
            x: f.number(Math.round(spot.x * 100)),
            y: f.number(Math.round(spot.y * 100)),
          })}
          onFocus={select}
          onPointerDown={(event) => {
            select();
            event.currentTarget.setPointerCapture(event.pointerId);
          }}
          onPointerMove={drag(place)}
          onKeyDown={press(place, spot)}
        />
      ))}
      {shape.kind === 'line' && <Flip line={shape} {...props} />}
      {shape.kind === 'zone' && isSelected && <Edges zone={shape} replace={replace} />}
    </>
  );
}

/** The arrow that leads into the site; pressed, it turns round. */
function Flip({ line, picture, replace }: { line: Line } & HandlesProps) {
  const { t } = useReader();
  const heading = headingOf(line, picture.width, picture.height);
  return (
    <button
      type="button"
      className="drawn-flip"
      style={placed(middleOf(line))}
      aria-label={t('draw_flip', { id: line.id, way: t(`way_${wayOf(heading)}`) })}
      title={t('draw_flip_help')}
      onClick={() => replace(flipped(line))}
    >
      <span className="drawn-arrow" style={{ transform: `rotate(${heading}deg)` }}>
        <Icon name="arrow" />
      </span>
      <span className="drawn-in" aria-hidden="true">
        {t('in')}
      </span>
    </button>
  );
}

/** Further corners come from the middles of a zone's edges. */
function Edges({ zone, replace }: { zone: Zone; replace: (shape: Shape) => void }) {
  const { t } = useReader();
  return zone.points.map((from, place) => {
    const to = zone.points[(place + 1) % zone.points.length] ?? from;
    return (
      <button
        key={String(place)}
        type="button"
        className="drawn-edge"
        style={placed({ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 })}
        aria-label={t('draw_add_corner', { id: zone.id, n: place + 1 })}
        onClick={() => replace(withCorner(zone, place))}
      >
        +
      </button>
    );
  });
}
