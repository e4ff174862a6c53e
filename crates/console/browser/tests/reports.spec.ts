import { readFileSync } from 'node:fs';
import { address, administrator, everywhere, made, signedIn } from '../hub';
import { expect, NOBODY, signIn, test } from './page';

test('a report is made for a site, taken away in both languages and forms, and deleted', async ({ page }) => {
  await page.goto('/reports?lang=vi&site=demo');
  await page.getByLabel('Loại báo cáo').selectOption('day');
  await page.getByLabel('Một ngày trong kỳ').fill('31/10/2026');
  await page.getByRole('button', { name: 'Lập báo cáo' }).click();
  const row = page.getByRole('list', { name: 'Báo cáo' }).getByRole('listitem').filter({ hasText: '31/10/2026' });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Báo cáo ngày');
  await expect(row).toContainText('demo');
  await expect(row.getByRole('link')).toHaveCount(5);
  const shown = await page.request.get((await row.getByRole('link', { name: 'Xem' }).getAttribute('href')) ?? '');
  expect(shown.headers()['content-disposition'], 'the browser shows it').toMatch(/^inline; filename=.*\.vi\.pdf/);
  for (const [name, begins] of [
    ['PDF · Tiếng Việt', '%PDF'],
    ['XLSX · English', 'PK'],
  ] as const) {
    const download = page.waitForEvent('download');
    await row.getByRole('link', { name }).click();
    const bytes = readFileSync(await (await download).path());
    expect(bytes.subarray(0, begins.length).toString('latin1'), name).toBe(begins);
  }
  await row.getByRole('button', { name: 'Xóa báo cáo' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Xóa báo cáo' }).click();
  await expect(row).toHaveCount(0);
});

test('reports are scheduled for a site and for every one, and a schedule is ended', async ({ page }) => {
  await page.goto('/reports?lang=vi&site=demo');
  const schedules = page.getByRole('list', { name: 'Báo cáo tự động' }).getByRole('listitem');
  const set = async (kind: string, about: string | null) => {
    await page.getByRole('button', { name: 'Đặt lịch báo cáo' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Loại báo cáo').selectOption(kind);
    if (about) await dialog.getByLabel('Phạm vi').selectOption({ label: about });
    await dialog.getByRole('button', { name: 'Đặt lịch báo cáo' }).click();
    await expect(dialog).toHaveCount(0);
  };
  // The site at the head of the page is the one that is proposed.
  await set('month', null);
  const monthly = schedules.filter({ hasText: 'Báo cáo tháng' });
  await expect(monthly).toContainText('demo');
  await expect(monthly).toContainText(`do ${administrator().name} đặt`);
  await expect(monthly).toContainText(/lần tới \d\d:\d\d:\d\d 15\/\d\d\/20\d\d/);
  await set('year', 'Từng điểm, kể cả điểm thêm sau');
  const yearly = schedules.filter({ hasText: 'Báo cáo năm' });
  await expect(yearly).toContainText('Từng điểm, kể cả điểm thêm sau');
  await expect(yearly).toContainText('15/12/');
  for (const [row, told] of [
    [monthly, 'Báo cáo tháng (demo)'],
    [yearly, 'Báo cáo năm (Từng điểm, kể cả điểm thêm sau)'],
  ] as const) {
    await row.getByRole('button', { name: 'Ngừng lịch' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText(told);
    await dialog.getByRole('button', { name: 'Ngừng lịch' }).click();
    await expect(row).toHaveCount(0);
  }
});

test('a schedule is proposed for the site at the head of the page also where the list of sites comes late', async ({
  page,
}) => {
  let answer = () => {};
  const late = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route(/\/api\/v1\/(sites|site-names)(\?|$)/, async (route) => {
    await late;
    await route.continue();
  });
  await page.goto('/reports?lang=vi&site=demo');
  await page.getByRole('button', { name: 'Đặt lịch báo cáo' }).click();
  const about = page.getByRole('dialog').getByLabel('Phạm vi');
  await expect(about.locator('option:checked')).toHaveText('demo');
  answer();
  await expect(about.locator('option', { hasText: 'demo' })).toHaveCount(1);
  await expect(about.locator('option:checked')).toHaveText('demo');
});

test.describe('for a viewer', () => {
  test.use({ storageState: NOBODY });

  test('reports are made and read, and not deleted', async ({ page }) => {
    const admin = await signedIn(address(), administrator());
    const viewer = await made(admin, everywhere('viewer'), 'en');
    await page.goto('/reports?lang=en&site=demo');
    await signIn(page, viewer);
    await page.getByLabel('A day of the period').fill('2026-10-30');
    await page.getByRole('button', { name: 'Make a report' }).click();
    const row = page.getByRole('list', { name: 'Reports' }).getByRole('listitem').filter({ hasText: '30/10/2026' });
    await expect(row).toHaveCount(1);
    await expect(row.getByRole('button')).toHaveCount(0);
    await expect(page.getByRole('heading', { name: 'Scheduled reports' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Schedule a report' })).toHaveCount(0);
    const { reports } = await admin.get<{ reports: { id: string; made_by: string }[] }>('/api/v1/reports?site=demo');
    for (const report of reports.filter((one) => one.made_by === viewer.name)) {
      await admin.write('DELETE', `/api/v1/reports/${report.id}`);
    }
    await admin.end();
  });
});
