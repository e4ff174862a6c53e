import { address, administrator, type Caller, everywhere, made, signedIn } from '../hub';
import { expect, NOBODY, signIn, test } from './page';

let admin: Caller;
test.beforeAll(async () => {
  admin = await signedIn(address(), administrator());
});
test.afterAll(async () => admin.end());

interface Alert {
  id: string;
  state: string;
  outcome: string | null;
  acknowledged: { note: string } | null;
}

/** How often the page made a tone, counted where it asks the browser for one. */
const countTones = () => {
  const make = AudioContext.prototype.createOscillator;
  const counted = window as unknown as { tones: number };
  counted.tones = 0;
  AudioContext.prototype.createOscillator = function tone(this: AudioContext) {
    counted.tones += 1;
    return make.call(this);
  };
};
const tones = () => (window as unknown as { tones: number }).tones;

test('an alert is acknowledged with a note and closed with what it turned out to be', async ({ page }) => {
  await page.goto('/alerts?lang=vi');
  const list = page.getByRole('list', { name: 'Cảnh báo' });
  // Newer ones push it down the list: it is followed by its moment.
  const moment = await list.locator('time').last().getAttribute('datetime');
  const card = list.getByRole('listitem').filter({ has: page.locator(`time[datetime="${moment}"]`) });
  const { alerts } = await admin.get<{ alerts: (Alert & { at: string })[] }>('/api/v1/alerts?state=open&limit=200');
  const id = alerts.find((one) => one.at === moment)?.id;
  const known = async () => {
    const all = await admin.get<{ alerts: Alert[] }>('/api/v1/alerts?limit=500');
    return all.alerts.find((one) => one.id === id);
  };
  await card.getByRole('button', { name: /^Tiếp nhận/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Ghi chú').fill('Đã cử người ra cổng');
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  expect(await known()).toMatchObject({ state: 'acknowledged', acknowledged: { note: 'Đã cử người ra cổng' } });

  await page.getByRole('radio', { name: 'Đang xử lý' }).check();
  await expect(card).toContainText('Đã cử người ra cổng');
  await expect(card.getByRole('button', { name: /^Tiếp nhận/ })).toHaveCount(0);
  await card.getByRole('button', { name: /^Đóng cảnh báo/ }).click();
  await dialog.getByRole('radio', { name: 'Báo nhầm' }).check();
  await dialog.getByRole('button', { name: 'Đóng cảnh báo' }).click();
  await expect(dialog).toHaveCount(0);
  expect(await known()).toMatchObject({ state: 'closed', outcome: 'false_alarm' });

  await page.getByRole('radio', { name: 'Đã đóng' }).check();
  await expect(card).toContainText('Báo nhầm');
  await expect(card.getByRole('button')).toHaveCount(0);
});

test('alerts are found by kind and by day, and nothing found is said', async ({ page }) => {
  await page.goto('/alerts?lang=en');
  const list = page.getByRole('list', { name: 'Alerts' });
  await expect(list.getByRole('listitem').first()).toContainText('Watchlist match');
  await page.getByLabel('Kind of alert').selectOption('camera_lost');
  await expect(page.getByText('No alerts', { exact: true })).toBeVisible();
  await page.getByLabel('Kind of alert').selectOption('watchlist_hit');
  await expect(list.getByRole('listitem').first()).toBeVisible();
  await page.getByLabel('From day').fill('2/1/2020');
  await page.getByLabel('To day').fill('01/01/2020');
  await expect(page.getByText('The first day must not be after the last.')).toBeVisible();
  await page.getByLabel('To day').fill('2020-01-03');
  await expect(page.getByText('No alerts', { exact: true })).toBeVisible();
  // Days are shown the Vietnamese way, whatever the browser's language; one that is none is said, and nothing is lost.
  await page.getByLabel('From day').focus();
  await expect(page.getByLabel('To day')).toHaveValue('03/01/2020');
  await page.getByLabel('To day').fill('31/2/2020');
  await page.getByLabel('From day').focus();
  await expect(page.getByText('There is no such day. Write day/month/year, such as 21/11/2026.')).toBeVisible();
  await expect(page.getByLabel('To day')).toHaveValue('31/2/2020');
  // What the browser's calendar gives takes its place.
  await page.locator('.date-input').nth(1).locator('input[type=date]').fill('2020-02-28');
  await expect(page.getByLabel('To day')).toHaveValue('28/02/2020');
  await expect(page.getByText('There is no such day.')).toHaveCount(0);
});

test('a new alert stands above every page, counts in the navigation and sounds unless it is switched off', async ({
  page,
}) => {
  await page.addInitScript(countTones);
  await page.goto('/nodes?lang=en');
  const banner = page.locator('.banner', { hasText: 'Watchlist match' });
  await expect(banner).toBeVisible();
  await expect(page.getByRole('navigation').getByRole('link', { name: /^Alerts.*alerts are waiting/ })).toBeVisible();
  // A browser is silent until somebody touches the page.
  await page.getByRole('heading', { level: 1 }).click();
  await expect.poll(() => page.evaluate(tones), { timeout: 45_000 }).toBeGreaterThan(0);
  await banner.getByRole('button', { name: 'Alert sound: On' }).click();
  await page.reload();
  await expect(banner.getByRole('button', { name: 'Alert sound: Off' })).toBeVisible();
});

test.describe('for a viewer', () => {
  test.use({ storageState: NOBODY });

  test('alerts are shown and not dealt with', async ({ page }) => {
    const viewer = await made(admin, everywhere('viewer'), 'en');
    await page.goto('/alerts?lang=en');
    await signIn(page, viewer);
    await expect(page.getByRole('list', { name: 'Alerts' }).getByRole('listitem').first()).toBeVisible();
    await expect(page.getByRole('button', { name: /^(Acknowledge|Close the alert)/ })).toHaveCount(0);
  });
});
