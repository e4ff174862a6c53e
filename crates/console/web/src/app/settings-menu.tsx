// Language, appearance, sound, and who is signed in.
import * as Menu from '@radix-ui/react-dropdown-menu';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Icon } from '../parts/icon';
import { LANGUAGES, type Language, named } from '../words';
import { prefer, THEMES, type Theme, usePreferences } from './preferences';
import { useReader } from './reader';
import { signOut, useSession } from './session';

export function SettingsMenu() {
  const { t } = useReader();
  const { language, theme, sound } = usePreferences();
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = async () => {
    await signOut(client);
    await navigate({ to: '/', search: {} });
  };
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="button" data-look="quiet">
        <Icon name={session ? 'person' : 'settings'} />
        <span className="wide-only">{session?.account.display_name ?? t('settings')}</span>
        <span className="unseen narrow-only">{session?.account.display_name ?? t('settings')}</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="end" sideOffset={6}>
          {session && (
            <>
              <Menu.Label className="menu-label">
                {session.account.name} · {session.roles.map((role) => named(t, 'role', role)).join(', ')}
              </Menu.Label>
              <Menu.Separator className="menu-line" />
            </>
          )}
          <Menu.Label className="menu-label">{t('language')}</Menu.Label>
          <Menu.RadioGroup value={language} onValueChange={(value) => prefer({ language: value as Language })}>
            {LANGUAGES.map((known) => (
              <Item key={known} value={known} text={t(`language_${known}`)} />
            ))}
          </Menu.RadioGroup>
          <Menu.Separator className="menu-line" />
          <Menu.Label className="menu-label">{t('theme')}</Menu.Label>
          <Menu.RadioGroup value={theme} onValueChange={(value) => prefer({ theme: value as Theme })}>
            {THEMES.map((known) => (
              <Item key={known} value={known} text={t(`theme_${known}`)} />
            ))}
          </Menu.RadioGroup>
          <Menu.Separator className="menu-line" />
          <Menu.CheckboxItem className="menu-item" checked={sound} onCheckedChange={(on) => prefer({ sound: on })}>
            <Icon name={sound ? 'sound' : 'silent'} />
            {t('sound')}: {sound ? t('sound_on') : t('sound_off')}
          </Menu.CheckboxItem>
          <Menu.Item className="menu-item" asChild>
            <a href="/plain">
              <Icon name="reports" />
              {t('plain_page')}
            </a>
          </Menu.Item>
          {session && (
            <Menu.Item className="menu-item" asChild>
              <Link to="/account">
                <Icon name="person" />
                {t('my_account')}
              </Link>
            </Menu.Item>
          )}
          {session && (
            <Menu.Item className="menu-item" onSelect={() => void leave()}>
              <Icon name="out" />
              {t('sign_out')}
            </Menu.Item>
          )}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

function Item({ value, text }: { value: string; text: string }) {
  return (
    <Menu.RadioItem className="menu-item" value={value}>
      <span className="menu-tick">
        <Menu.ItemIndicator>
          <Icon name="check" />
        </Menu.ItemIndicator>
      </span>
      {text}
    </Menu.RadioItem>
  );
}
