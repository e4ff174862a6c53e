// Putting gates on a plan with the mouse, a finger or the keyboard, and saying how many may be behind each.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { placesQuery, putGates } from '../../../api/places';
import type { PlacedGate, PlacedSite } from '../../../api/types';
import { useReader } from '../../../app/reader';
import { Field } from '../../../parts/controls';
import { Problem } from '../../../parts/problem';
import { textOf, useSending } from '../../../parts/sending';
import { type Spot, stepped, within } from '../../../parts/spot';

export function PlacingForm(props: { site: string; placed: PlacedSite | undefined; gates: readonly string[] }) {
  const { t } = useReader();
  const { site, placed, gates } = props;
  const client = useQueryClient();
  const { send, isBusy, problem } = useSending();
  const [isSaved, setSaved] = useState(false);
  const [spots, setSpots] = useState<Record<string, Spot>>(() =>
    Object.fromEntries(
      (placed?.gates ?? []).flatMap((one) =>
        one.x == null || one.y == null ? [] : [[one.gate, { x: one.x, y: one.y }] as const],
      ),
    ),
  );
  const move = (gate: string, spot: Spot | null) => {
    setSaved(false);
    setSpots(({ [gate]: _, ...others }) => (spot ? { ...others, [gate]: spot } : others));
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const limitOf = (name: string) => Number(textOf(form, name)) || null;
    const all: PlacedGate[] = gates.map((gate) => ({
      gate,
      x: spots[gate]?.x ?? null,
      y: spots[gate]?.y ?? null,
      person_max: limitOf(`person-${gate}`),
      vehicle_max: limitOf(`vehicle-${gate}`),
    }));
    void send(async () => {
      await putGates(site, all);
      setSaved(true);
      await client.invalidateQueries({ queryKey: placesQuery.queryKey });
    });
  };
  return (
    <form className="stack part" onSubmit={submit} aria-label={t('map_gates_title')}>
      <h3>{t('map_gates_title')}</h3>
      {placed?.plan && (
        <>
          <p className="soft small">{t('map_gates_help')}</p>
          <Board url={placed.plan.url} gates={gates} spots={spots} move={move} />
        </>
      )}
      {gates.map((gate, place) => {
        const held = placed?.gates.find((one) => one.gate === gate);
        return (
          <div key={gate} className="filter-fields part">
            <p className="row">
              <strong>
                {place + 1}. {gate}
              </strong>
              {placed?.plan && (
                <button
                  type="button"
                  className="button"
                  onClick={() => move(gate, spots[gate] ? null : { x: 0.5, y: 0.5 })}
                >
                  {t(spots[gate] ? 'map_gate_take' : 'map_gate_put', { gate })}
                </button>
              )}
            </p>
            {(['person', 'vehicle'] as const).map((group) => (
              <Field key={group} label={t(`map_${group}_max`, { gate })}>
                {(ids) => (
                  <input
                    {...ids}
                    name={`${group}-${gate}`}
                    type="number"
                    min={1}
                    max={1_000_000}
                    defaultValue={(group === 'person' ? held?.person_max : held?.vehicle_max) ?? ''}
                    placeholder={t('map_no_limit')}
                  />
                )}
              </Field>
            ))}
          </div>
        );
      })}
      <Problem error={problem} />
      <p className="row">
        <button type="submit" className="button" data-look="main" disabled={isBusy}>
          {t('save')}
        </button>
        {isSaved && <span role="status">{t('done_saved')}</span>}
      </p>
    </form>
  );
}

function Board(props: {
  url: string;
  gates: readonly string[];
  spots: Record<string, Spot>;
  move: (gate: string, spot: Spot) => void;
}) {
  const { t, f } = useReader();
  const { url, gates, spots, move } = props;
  const board = useRef<HTMLDivElement>(null);
  const drag = (gate: string) => (event: PointerEvent<HTMLButtonElement>) => {
    const area = board.current?.getBoundingClientRect();
    if (!area || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    move(gate, within((event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height));
  };
  const press = (gate: string, spot: Spot) => (event: KeyboardEvent<HTMLButtonElement>) => {
    const next = stepped(spot, event.key, event.shiftKey);
    if (!next) return;
    event.preventDefault();
    move(gate, next);
  };
  return (
    <div className="plan" ref={board}>
      <img src={url} alt="" draggable={false} />
      {gates.map((gate, place) => {
        const spot = spots[gate];
        if (!spot) return null;
        return (
          <button
            key={gate}
            type="button"
            className="pin"
            style={{ left: `${spot.x * 100}%`, top: `${spot.y * 100}%` }}
            aria-label={t('map_gate_move', {
              gate,
              x: f.number(Math.round(spot.x * 100)),
              y: f.number(Math.round(spot.y * 100)),
            })}
            onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
            onPointerMove={drag(gate)}
            onKeyDown={press(gate, spot)}
          >
            {place + 1}
          </button>
        );
      })}
    </div>
  );
}
