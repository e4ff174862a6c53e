// What every camera sees, as its node measures it: the worst first.
import { useQuery } from '@tanstack/react-query';
import { nodesQuery } from '../../api/queries';
import { useNow, useReader } from '../../app/reader';
import { Badge } from '../../parts/marks';
import { Failure, Skeleton, State } from '../../parts/state';
import { TableScroll } from '../../parts/table-scroll';
import { CameraDoor } from '../../view/camera-view';
import { named } from '../../words';
import { type Quality, qualities } from './quality';

export function Pictures({ site }: { site: string | undefined }) {
  const { t } = useReader();
  const { data, error, refetch } = useQuery(nodesQuery);
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={4} height={4} />;
  const rows = qualities(data.filter((node) => !site || node.site === site));
  if (rows.length === 0) {
    return (
      <div className="card">
        <State icon="camera" title={t('pictures_none')} />
      </div>
    );
  }
  return (
    <div className="stack">
      <p className="soft small">{t('pictures_help')}</p>
      <TableScroll label={t('pictures_tab')} isCard>
        <table className="table pictures">
          <thead>
            <tr>
              <th scope="col">{t('camera')}</th>
              <th scope="col">{t('picture_light')}</th>
              <th scope="col">{t('picture_sharp')}</th>
              <th scope="col">{t('picture_moved')}</th>
              <th scope="col">{t('picture_plate')}</th>
              <th scope="col">{t('picture_reads')}</th>
              <th scope="col">{t('picture_size')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={`${row.node.node} ${row.camera.camera}`} row={row} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    </div>
  );
}

function Row({ row }: { row: Quality }) {
  const { t, f } = useReader();
  const now = useNow(10_000);
  const { node, camera, troubles } = row;
  const { picture, plates } = camera;
  const state = node.cameras.find((one) => one.camera === camera.camera)?.state;
  const old = node.status?.state === 'online' ? null : node.health;
  return (
    <tr>
      <th scope="row">
        <div>
          <CameraDoor site={node.site} node={node.node} camera={camera.camera} state={state} />
          <span className="small soft">
            {node.node} · {node.site}
            {old && `, ${t('pictures_old', { ago: f.ago(Date.parse(old.received_at), now) })}`}
          </span>
          <span className="row">
            {troubles.length === 0 && picture && (
              <Badge tone="good" icon="check">
                {t('picture_good')}
              </Badge>
            )}
            {troubles.map((trouble) => (
              <Badge key={trouble.problem} tone="bad" icon="alert">
                {named(t, 'node_trouble', trouble.problem)}
              </Badge>
            ))}
          </span>
        </div>
      </th>
      <td className="number">
        {picture ? f.number(Math.round(picture.brightness)) : '–'}
        {picture && picture.burnt >= 0.01 && (
          <span className="small soft">{t('picture_burnt', { share: f.percent(picture.burnt) })}</span>
        )}
      </td>
      <td className="number">
        {row.sharpness == null ? (picture ? t('picture_sharp_none') : '–') : f.percent(row.sharpness)}
      </td>
      <td className="number">{picture?.moved == null ? '–' : f.percent(picture.moved)}</td>
      <td>
        {!plates
          ? t('picture_no_plates')
          : plates.width_px == null || plates.height_px == null
            ? t('picture_plate_none')
            : t('picture_plate_px', { w: f.number(plates.width_px), h: f.number(plates.height_px) })}
      </td>
      <td className="number">
        {plates && row.read != null
          ? t('picture_reads_of', { share: f.percent(row.read), n: f.number(plates.came) })
          : '–'}
      </td>
      <td className="number">{camera.width_px > 0 ? `${camera.width_px}×${camera.height_px}` : '–'}</td>
    </tr>
  );
}
