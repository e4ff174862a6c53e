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

test('a plate is found by its vehicle, its colour, its list and what was decided', async ({ page, request }) => {
  interface Told extends Plate {
    vehicle_class: string | null;
    colour: string;
    lists: string[];
    decided: { id: string; verdict: 'permit' | 'deny' | 'refer' } | null;
  }
  const all = (await (await request.get('/api/v1/plates?limit=200')).json()).plates as Told[];
  const refused = all.find((one) => one.key && one.decided && one.decided.verdict !== 'permit');
  if (!refused?.decided) throw new Error('nobody was refused');
  await page.goto('/search?lang=en');
  await page.getByLabel('Purpose of the search').fill('a test of the page');
  await page.getByText('More conditions').click();
  const words = { permit: 'Permit', deny: 'Deny', refer: 'For the guard' };
  await page.getByLabel('Last decision').selectOption({ label: words[refused.decided.verdict] });
  await page.getByLabel('Colour of plate').selectOption(refused.colour);
  await expect(page.getByText('More conditions (2 in use)')).toBeVisible();
  await page.getByRole('button', { name: 'Search' }).click();
  const found = page
    .locator('a.result')
    .filter({ hasText: refused.display ?? '' })
    .first();
  await expect(found).toContainText(words[refused.decided.verdict]);
  // The demo goes on: there may be more by now, but none of another kind.
  for (const row of await page.locator('a.result').allTextContents())
    expect(row).toContain(words[refused.decided.verdict]);
  // It may have come again since: this is about the one that is shown.
  const shownId = (await found.getAttribute('href'))?.split('/').pop();
  const detail = (await (await request.get(`/api/v1/plates/${shownId}`)).json()) as { plate: Told };
  await found.click();
  await page.getByRole('link', { name: 'See the decision' }).click();
  await expect(page).toHaveURL(`/decisions/${detail.plate.decided?.id}`);

  await page.goto('/search?lang=en');
  await page.getByLabel('Purpose of the search').fill('a test of the page');
  await page.getByLabel('Plate', { exact: true }).fill(refused.key ?? '');
  await page.getByText('More conditions').click();
  await page.getByLabel('Colour of plate').selectOption(refused.colour === 'blue' ? 'red' : 'blue');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByText('Nothing was found')).toBeVisible();
  await page.getByLabel('Plate', { exact: true }).fill('');
  // A coarse class takes in those that belong to it, and no others.
  await page.getByLabel('Colour of plate').selectOption('');
  const carried = all.find((one) => one.vehicle_class && one.display);
  if (!carried?.vehicle_class) throw new Error('no vehicle was followed');
  await page.getByLabel('Class of vehicle').selectOption(carried.vehicle_class);
  await page.getByRole('button', { name: 'Search' }).click();
  const shown = page.locator('a.result');
  await expect(shown.filter({ hasText: carried.display ?? '' }).first()).toBeVisible();
  const classes = { vehicle: ['vehicle', 'car', 'bus', 'truck'], bike: ['bike', 'bicycle', 'motorbike'] };
  const meant = classes[carried.vehicle_class as keyof typeof classes] ?? [carried.vehicle_class];
  const now = (await (await request.get('/api/v1/plates?limit=200')).json()).plates as Told[];
  const fitting = now.filter((one) => meant.includes(one.vehicle_class ?? '')).map((one) => one.display);
  for (const text of await shown.locator('.plate-mark').allTextContents()) expect(fitting).toContain(text);
});
