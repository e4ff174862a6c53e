// A new pass as its visitor takes it along: on a telephone's photograph or on paper. It is drawn here and shown once.
import { renderSVG } from 'uqr';
import { useReader } from '../../app/reader';
import { Icon } from '../../parts/icon';

export interface Made {
  /** The text of the code. */
  text: string;
  visitor: string;
  purpose: string;
  from: number;
  to: number;
  uses: 'once' | 'many';
  escort: boolean;
}

export function PassSheet({ site, made }: { site: string; made: Made }) {
  const { t, f } = useReader();
  const picture = `data:image/svg+xml,${encodeURIComponent(renderSVG(made.text, { ecc: 'M' }))}`;
  const rules = [t(`pass_uses_${made.uses}`), made.escort && t('pass_escort_short')].filter(Boolean).join(' · ');
  return (
    <div className="stack pass-sheet">
      <p className="banner screen-only">{t('pass_once')}</p>
      <img src={picture} alt={t('pass_picture')} data-code={made.text} />
      <p className="pass-name">{made.visitor}</p>
      <p>{[site, made.purpose].filter(Boolean).join(' · ')}</p>
      <p className="figure">{t('pass_span', { from: f.moment(made.from), to: f.moment(made.to) })}</p>
      <p>{rules}</p>
      <button type="button" className="button screen-only" data-look="main" onClick={() => window.print()}>
        <Icon name="reports" />
        {t('pass_print')}
      </button>
    </div>
  );
}
