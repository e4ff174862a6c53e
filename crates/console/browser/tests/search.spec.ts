import { expect, test } from './page';

interface Plate {
  key: string | null;
  display: string | null;
}

test('a plate is found only for a purpose, which goes to the hub, and its path is shown', async ({ page, request }) => {
  const seen = await (await request.get('/api/v1/plates?outcome=read&limit=1')).json();
  const plate = seen.plates[0] as Plate;
  await page.goto('/search?lang=vi');
  await page.getByLabel('Biển số').fill(plate.display ?? '');
  await page.getByLabel('Mục đích tra cứu').fill('xem');
  await page.getByRole('button', { name: 'Tìm' }).click();
  await expect(page.getByText('Nêu mục đích, ít nhất 5 ký tự.')).toBeVisible();

  const asked = page.waitForRequest(/\/api\/v1\/plates\?/);
  await page.getByLabel('Mục đích tra cứu').fill('vụ việc số 12/2026');
  await page.getByRole('button', { name: 'Tìm' }).click();
  const purpose = (await asked).headers()['x-purpose'] ?? '';
  expect(decodeURIComponent(purpose)).toBe('vụ việc số 12/2026');
  await expect(page.locator('a.result').first()).toContainText(plate.display ?? '');

  await page.getByRole('radio', { name: 'Hành trình' }).check();
  await expect(page.locator('.path-stop').first()).toContainText('vehicle-gate');
  await page.locator('.path-stop a').first().click();
  await expect(page).toHaveURL(/\/plates\//);
});

test('what nobody has is said, with what to do', async ({ page }) => {
  await page.goto('/search?lang=en');
  await page.getByLabel('Plate', { exact: true }).fill('99Z-999.99');
  await page.getByLabel('Purpose of the search').fill('a test of the page');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByText('Nothing was found')).toBeVisible();
});

test('what the hub refuses is said in its words', async ({ page }) => {
  await page.goto('/search?lang=en');
  await page.getByLabel('Plate', { exact: true }).fill('กกก');
  await page.getByLabel('Purpose of the search').fill('a test of the page');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'A-Z' })).toBeVisible();
});

test('a plate that a witness misread is found among those that are easily taken for it', async ({ page, request }) => {
  const seen = await (await request.get('/api/v1/plates?outcome=read&limit=50')).json();
  const plate = (seen.plates as Plate[]).find((one) => one.key?.includes('0'));
  // Zeros are read as the letter O, by people more than by machines.
  const misread = plate?.key?.replace('0', 'O') ?? '';
  await page.goto('/search?lang=en');
  await page.getByLabel('Plate', { exact: true }).fill(misread);
  await page.getByLabel(/Also plates easily taken for it/).check();
  await page.getByLabel('Purpose of the search').fill('a test of the page');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.locator('a.result').first()).toContainText(plate?.display ?? '');
  await expect(page.locator('a.result').first()).toContainText('is 0, not O');
  await expect(page.getByRole('radio', { name: 'Path' })).toHaveCount(0);

  await page.getByLabel('Plate', { exact: true }).fill(`${plate?.key?.slice(0, -1)}?`);
  await expect(page.getByLabel(/Also plates easily taken for it/)).toBeDisabled();
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.locator('a.result').first()).toContainText(plate?.display ?? '');
});
