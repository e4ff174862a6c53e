// The shapes by name: what each is called, what it counts, which way leads in.
import type { Group } from '../../api/types';
import { useReader } from '../../app/reader';
import { Field } from '../controls';
import { Icon } from '../icon';
import { flipped, headingOf, type Shape, slugOf, wayOf } from './shapes';

const GROUPS = ['person', 'vehicle'] as const satisfies readonly Group[];

export function ShapeList(props: {
  picture: { width: number; height: number };
  shapes: readonly Shape[];
  faults: Readonly<Record<string, readonly string[]>>;
  selected: string | null;
  select: (key: string) => void;
  change: (shapes: Shape[]) => void;
}) {
  const { t } = useReader();
  const { picture, shapes, faults, selected, select, change } = props;
  const replace = (next: Shape) => change(shapes.map((one) => (one.key === next.key ? next : one)));
  if (shapes.length === 0) return <p className="soft drawing-list">{t('draw_empty')}</p>;
  return (
    <ul className="drawing-list" aria-label={t('draw_list')}>
      {shapes.map((shape) => {
        const count = (group: Group, isOn: boolean) => {
          const groups = GROUPS.filter((one) => (one === group ? isOn : shape.groups.includes(one)));
          replace({ ...shape, groups });
        };
        return (
          <li key={shape.key} data-selected={shape.key === selected || undefined} onFocus={() => select(shape.key)}>
            <Field
              label={t(shape.kind === 'line' ? 'draw_line_name' : 'draw_zone_name')}
              error={faults[shape.key]?.join(' ')}
            >
              {(ids) => (
                <input
                  {...ids}
                  value={shape.id}
                  autoCapitalize="none"
                  autoComplete="off"
                  spellCheck={false}
                  onChange={(event) => replace({ ...shape, id: event.target.value })}
                  onBlur={() => replace({ ...shape, id: slugOf(shape.id) })}
                />
              )}
            </Field>
            <fieldset className="row">
              <legend className="unseen">{t('draw_counts', { id: shape.id })}</legend>
              {GROUPS.map((group) => (
                <label key={group} className="row">
                  <input
                    type="checkbox"
                    checked={shape.groups.includes(group)}
                    onChange={(event) => count(group, event.target.checked)}
                  />
                  {t(group === 'person' ? 'persons' : 'vehicles')}
                </label>
              ))}
            </fieldset>
            <p className="row">
              {shape.kind === 'line' && (
                <button type="button" className="button" onClick={() => replace(flipped(shape))}>
                  <span className="unseen">{shape.id}: </span>
                  {t('draw_way', { way: t(`way_${wayOf(headingOf(shape, picture.width, picture.height))}`) })}
                </button>
              )}
              <button
                type="button"
                className="button"
                data-look="quiet"
                aria-label={t('draw_remove', { id: shape.id })}
                onClick={() => change(shapes.filter((one) => one.key !== shape.key))}
              >
                <Icon name="close" />
                {t('draw_take_out')}
              </button>
            </p>
          </li>
        );
      })}
    </ul>
  );
}
