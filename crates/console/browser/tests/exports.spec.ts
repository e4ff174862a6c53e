import { readFileSync } from 'node:fs';
import { expect, test } from './page';

const PAGES = [
  ['/counts', 'Download counts per hour'],
  ['/', 'Download the passages of today'],
  ['/desk', 'Download the decisions of today'],
  ['/alerts', 'Download alerts'],
] as const;

for (const [path, name] of PAGES) {
  test(`${path} is taken away as CSV and as a workbook, of the chosen site`, async ({ page }) => {
    await page.goto(`${path}?lang=en&site=demo`);
    for (const [format, begins] of [
      ['CSV', '\u00ef\u00bb\u00bf'],
      ['XLSX', 'PK'],
    ] as const) {
      const link = page.getByRole('link', { name: `${name} ${format}` });
      await expect(link).toHaveAttribute('href', /site=demo/);
      const download = page.waitForEvent('download');
      await link.click();
      const bytes = readFileSync(await (await download).path());
      expect(bytes.subarray(0, begins.length).toString('latin1'), format).toBe(begins);
      if (format === 'CSV') expect(bytes.toString('utf8')).toContain(',site,');
    }
  });
}

test('the files hold the days that the page shows', async ({ page }) => {
  await page.goto('/alerts?lang=en&site=demo');
  await page.getByLabel('From day').fill('2026-01-01');
  await page.getByLabel('To day').fill('2026-01-31');
  const link = page.getByRole('link', { name: 'Download alerts CSV' });
  const query = new URL((await link.getAttribute('href')) ?? '', 'http://hub').searchParams;
  expect(query.get('from')).toBe('2025-12-31T17:00:00.000Z');
  expect(query.get('to')).toBe('2026-01-31T17:00:00.000Z');
});
