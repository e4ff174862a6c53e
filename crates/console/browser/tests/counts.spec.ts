import { readFileSync } from 'node:fs';
import { expect, test } from './page';

test('figures of today are those of the API, as chart, table and file', async ({ page, request }) => {
  await page.goto('/counts?lang=en');
  await expect(page.locator('.chart canvas')).toBeVisible();
  const answer = await (await request.get('/api/v1/counts?bucket=hour')).json();
  const entered = answer.rows
    .filter((row: { group: string }) => row.group === 'person')
    .reduce((sum: number, row: { in: number }) => sum + row.in, 0) as number;
  const shown = async () =>
    Number((await page.locator('.sums [data-direction="in"] .figure').innerText()).replace(/\D/g, ''));
  expect(await shown()).toBeGreaterThan(0);
  expect(Math.abs((await shown()) - entered)).toBeLessThanOrEqual(5);

  await page.getByText('Table', { exact: true }).click();
  await expect(page.locator('details[open] tbody tr').first()).toBeVisible();

  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV of the chart' }).click(),
  ]);
  const text = readFileSync(await file.path(), 'utf8');
  expect(text.startsWith('\u{feff}Begins,UTC,')).toBe(true);
  const sums = text
    .trim()
    .split('\r\n')
    .slice(1)
    .reduce((sum, line) => sum + Number(line.split(',').at(-2)), 0);
  expect(sums).toBe(await shown());
});

test('periods, steps and comparisons can be chosen', async ({ page }) => {
  await page.goto('/counts?lang=vi');
  await page.getByRole('radio', { name: '7 ngày' }).check();
  await expect(page.getByRole('heading', { name: 'Theo giờ và thứ' })).toBeVisible();
  await expect(page.locator('.heat td[data-shade]')).toHaveCount(7 * 24);
  await page.getByLabel('So sánh với').selectOption('before');
  await expect(page.locator('.chart .u-legend')).toContainText('So sánh với');
  await page.getByRole('radio', { name: 'Tùy chọn' }).check();
  await page.getByLabel('Từ ngày').fill('2026-12-31');
  await page.getByLabel('Đến ngày').fill('2026-01-01');
  await expect(page.getByText('Ngày đầu phải trước hoặc bằng ngày cuối.')).toBeVisible();
});
