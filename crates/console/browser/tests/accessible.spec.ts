import { findings } from './axe';
import { expect, LANGUAGES, NOBODY, test } from './page';

const PAGES = [
  '/',
  '/counts',
  '/search',
  '/nodes',
  '/desk',
  '/wall',
  '/account',
  '/admin',
  '/rules',
  '/alerts',
  '/reports',
];
const THEMES = ['light', 'dark'] as const;

for (const theme of THEMES) {
  for (const language of LANGUAGES) {
    test(`no page has a serious finding of axe (${theme}, ${language})`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      for (const path of PAGES) {
        await page.goto(`${path}?lang=${language}`);
        await expect(page.locator('main h1').first()).toBeAttached();
        await expect(page.locator('.skeleton')).toHaveCount(0);
        // Orders wait for the stream; what changes while axe looks has the colours of neither state.
        if (path === '/desk') await expect(page.locator('[data-deed="open"]')).toBeEnabled();
        expect(await findings(page), path).toEqual([]);
      }
    });
  }
}

for (const theme of THEMES) {
  test(`no form of administration has a serious finding of axe (${theme})`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.goto('/admin?lang=en');
    await page.getByRole('button', { name: 'Add an account' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('checkbox').first().check();
    expect(await findings(page), 'account').toEqual([]);
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await page.getByRole('tab', { name: 'Keys for programs' }).click();
    await page.getByRole('button', { name: 'Make a key' }).click();
    expect(await findings(page), 'key').toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: 'Audit log' }).click();
    await expect(page.getByRole('button', { name: 'Check the chain' })).toBeVisible();
    expect(await findings(page), 'audit log').toEqual([]);
  });
}

test.describe('at the door', () => {
  test.use({ storageState: NOBODY });

  for (const theme of THEMES) {
    test(`the way in has no serious finding of axe (${theme})`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.goto('/?lang=vi');
      await expect(page.getByRole('heading', { name: 'Đăng nhập' })).toBeVisible();
      expect(await findings(page)).toEqual([]);
    });
  }
});
