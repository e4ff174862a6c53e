// Small marks: a plate as it looks, a verdict, a camera's state.
import { useReader } from '../app/reader';
import { named } from '../words';
import { Icon, type IconName } from './icon';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain';

export function Badge(props: { tone: Tone; icon?: IconName; children: React.ReactNode }) {
  return (
    <span className="badge" data-tone={props.tone}>
      {props.icon && <Icon name={props.icon} />}
      {props.children}
    </span>
  );
}

export function PlateMark({ text, colour }: { text: string; colour?: string | undefined }) {
  return (
    <span className="plate-mark" data-colour={colour}>
      {text}
    </span>
  );
}

const VERDICTS: Record<string, [Tone, IconName]> = {
  permit: ['good', 'check'],
  deny: ['bad', 'stop'],
  refer: ['warn', 'wait'],
};

export function Verdict({ verdict }: { verdict: string }) {
  const { t } = useReader();
  const [tone, icon] = VERDICTS[verdict] ?? ['plain', 'wait'];
  return (
    <Badge tone={tone} icon={icon}>
      {named(t, 'verdict', verdict)}
    </Badge>
  );
}

const CAMERAS: Record<string, Tone> = { up: 'good', down: 'bad', failed: 'bad', ended: 'plain' };

export function CameraMark({ camera, state }: { camera: string; state: string | null | undefined }) {
  const { t } = useReader();
  const name = state ?? 'unknown';
  return (
    <Badge tone={CAMERAS[name] ?? 'plain'} icon="camera">
      {camera} · {named(t, 'camera', name)}
    </Badge>
  );
}

export function Direction({ direction }: { direction: string }) {
  const { t } = useReader();
  return (
    <span className="direction" data-direction={direction}>
      <Icon name={direction === 'in' ? 'in' : 'out'} />
      {direction === 'in' ? t('in') : t('out')}
    </span>
  );
}
