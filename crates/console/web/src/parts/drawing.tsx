// Drawing counting lines and zones on a picture: with the mouse, a finger or the keyboard. Stands by itself: it is given a
// picture and shapes, and says how they shall be.
import './drawing/drawing.css';
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import type { Group } from '../api/types';
import { useReader } from '../app/reader';
import { Board } from './drawing/board';
import { ShapeList } from './drawing/list';
import {
  CORNERS_MIN,
  distance,
  LINE_MIN,
  middleLine,
  middleZone,
  SHAPES_MAX,
  type Shape,
  withLine,
  withZone,
} from './drawing/shapes';
import { Icon } from './icon';
import { type Spot, within } from './spot';

/** A corner so near to the first one closes the zone; one so near to the last one is the same again. */
const CLOSE = 0.025;
const SAME = 0.008;

type Tool = 'line' | 'zone';

export interface DrawingProps {
  /** Where the picture is, and what it shows. */
  picture: { url: string; width: number; height: number; alt: string };
  shapes: readonly Shape[];
  /** What a new shape counts. */
  groups: readonly Group[];
  /** What is wrong with a shape, by its key. */
  faults?: Readonly<Record<string, readonly string[]>>;
  change: (shapes: Shape[]) => void;
  /** Is told when the picture is not there any more. */
  lost?: () => void;
}

export function Drawing({ picture, shapes, groups, faults = {}, change, lost }: DrawingProps) {
  const { t } = useReader();
  const [tool, setTool] = useState<Tool | null>(null);
  const [corners, setCorners] = useState<readonly Spot[]>([]);
  const [hover, setHover] = useState<Spot | null>(null);
  const [selected, select] = useState<string | null>(null);
  /** The shape whose first point gets the keyboard once it is there. */
  const [fresh, setFresh] = useState<string | null>(null);
  const board = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (fresh === null) return;
    board.current?.querySelector<HTMLElement>(`[data-shape="${fresh}"]`)?.focus();
    setFresh(null);
  }, [fresh]);

  const stop = () => {
    setTool(null);
    setCorners([]);
    setHover(null);
  };
  const isFull = (kind: Tool) => shapes.filter((one) => one.kind === kind).length >= SHAPES_MAX;
  const add = (next: Shape[], isByKeyboard: boolean) => {
    const made = next.at(-1);
    change(next);
    stop();
    if (!made) return;
    select(made.key);
    if (isByKeyboard) setFresh(made.key);
  };
  const addLine = (points: readonly [Spot, Spot], isByKeyboard = false) =>
    add(withLine(shapes, points, t('draw_line_id'), groups), isByKeyboard);
  const addZone = (points: readonly Spot[], isByKeyboard = false) =>
    add(withZone(shapes, points, t('draw_zone_id'), groups), isByKeyboard);

  const choose = (kind: Tool) => (event: { detail: number }) => {
    // A click that no pointer made: nobody can drag, so the shape comes by itself and is moved by the arrow keys.
    if (event.detail === 0) {
      if (kind === 'line') addLine(middleLine(shapes), true);
      else addZone(middleZone(shapes), true);
      return;
    }
    stop();
    if (tool !== kind) setTool(kind);
  };

  const at = (event: PointerEvent): Spot => {
    const area = board.current?.getBoundingClientRect();
    if (!area) return { x: 0, y: 0 };
    return within((event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height);
  };
  const down = (event: PointerEvent<HTMLDivElement>) => {
    if (!tool || !event.isPrimary || event.button !== 0) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    const spot = at(event);
    setHover(spot);
    const [first] = corners;
    const last = corners.at(-1);
    if (tool === 'line') {
      if (!first) setCorners([spot]);
    } else if (first && corners.length >= CORNERS_MIN && distance(first, spot) < CLOSE) {
      addZone(corners);
    } else if (!last || distance(last, spot) >= SAME) {
      setCorners([...corners, spot]);
    }
  };
  const move = (event: PointerEvent<HTMLDivElement>) => {
    if (tool && event.isPrimary) setHover(at(event));
  };
  const up = (event: PointerEvent<HTMLDivElement>) => {
    const [first] = corners;
    if (tool !== 'line' || !first || !event.isPrimary) return;
    const spot = at(event);
    // Dragged in one go, or begun by a click: then the next click ends it.
    if (distance(first, spot) >= LINE_MIN) addLine([first, spot]);
  };
  const press = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key !== 'Escape' || !tool) return;
    event.stopPropagation();
    stop();
  };

  const hint = tool ? t(tool === 'line' ? 'draw_line_help' : 'draw_zone_help') : t('draw_help');
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape gives up what is being drawn, wherever the focus is in it
    <div className="drawing" onKeyDown={press}>
      <div className="drawing-main">
        <div className="row" role="group" aria-label={t('draw_tools')}>
          {(['line', 'zone'] as const).map((kind) => (
            <button
              key={kind}
              type="button"
              className="button"
              aria-pressed={tool === kind}
              disabled={isFull(kind)}
              onClick={choose(kind)}
            >
              <Icon name={kind} />
              {t(`draw_${kind}`)}
            </button>
          ))}
          {tool === 'zone' && corners.length >= CORNERS_MIN && (
            <button type="button" className="button" data-look="main" onClick={() => addZone(corners)}>
              {t('draw_zone_close')}
            </button>
          )}
          {tool && (
            <button type="button" className="button" data-look="quiet" onClick={stop}>
              {t('cancel')}
            </button>
          )}
        </div>
        <p className="soft small" role="status">
          {hint}
        </p>
        <div
          className="drawing-board"
          data-tool={tool ?? undefined}
          ref={board}
          style={{ aspectRatio: `${picture.width} / ${picture.height}` }}
          onPointerDown={down}
          onPointerMove={move}
          onPointerUp={up}
        >
          <img src={picture.url} alt={picture.alt} draggable={false} onError={lost} />
          <Board
            picture={picture}
            shapes={shapes}
            faults={faults}
            pending={tool && { corners, hover }}
            selected={selected}
            select={select}
            at={at}
            change={change}
          />
        </div>
      </div>
      <ShapeList
        picture={picture}
        shapes={shapes}
        faults={faults}
        selected={selected}
        select={select}
        change={change}
      />
    </div>
  );
}
