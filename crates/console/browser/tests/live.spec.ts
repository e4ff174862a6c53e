import { expect, LANGUAGES, test } from './page';

const WORDS = {
  vi: {
    live: 'Trực tiếp',
    persons: 'Người',
    feed: 'Dòng sự kiện',
    decisions: 'Quyết định',
    plates: 'Biển số',
    trail: 'Các bước kiểm tra',
  },
  en: { live: 'Live', persons: 'Persons', feed: 'Events', decisions: 'Decisions', plates: 'Plates', trail: 'Checks' },
};

for (const language of LANGUAGES) {
  const words = WORDS[language];

  test(`the live page shows gates, figures and events as they come (${language})`, async ({ page, request }) => {
    await page.goto(`/?lang=${language}`);
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    await expect(page.getByText(words.live, { exact: true }).first()).toBeVisible();
    await expect(page.getByRole('heading', { name: 'main-gate' })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'vehicle-gate' })).toBeVisible();
    const newest = page.locator('.feed time').first();
    await expect(newest).toBeVisible();
    const before = await newest.getAttribute('datetime');
    // The video goes on: what happens at the gates shows without anybody asking.
    await expect.poll(async () => newest.getAttribute('datetime'), { timeout: 40_000 }).not.toBe(before);
    const gates = await (await request.get('/api/v1/gates')).json();
    const entered = gates.gates.find((gate: { gate: string }) => gate.gate === 'main-gate').today.person.in as number;
    const tally = page.locator('#tally-person').locator('..').locator('[data-direction="in"] dd');
    const shown = async () => Number((await tally.innerText()).replace(/\D/g, ''));
    await expect.poll(shown).toBeGreaterThanOrEqual(entered);
  });

  test(`a decision is opened from the stream with every check that led to it (${language})`, async ({ page }) => {
    await page.goto(`/?lang=${language}`);
    await page.getByRole('radio', { name: words.decisions, exact: true }).check();
    await page.locator('a.feed-row').first().click();
    await expect(page).toHaveURL(/\/decisions\//);
    await expect(page.getByRole('heading', { name: words.trail })).toBeVisible();
    await expect(page.locator('.table tbody tr').first()).toBeVisible();
    const picture = page.locator('.detail-pictures img').first();
    await expect.poll(async () => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  });
}

test('a plate is opened from the stream with its readings, looks and pictures', async ({ page }) => {
  await page.goto('/?lang=vi');
  await page.getByRole('radio', { name: 'Biển số', exact: true }).check();
  await page.locator('a.feed-row:has(.plate-mark)').first().click();
  await expect(page).toHaveURL(/\/plates\//);
  await expect(page.getByRole('heading', { name: 'Các cách đọc' })).toBeVisible();
  await expect(page.locator('.glyphs li').first()).toBeVisible();
  await expect(page.locator('.table tbody tr').first()).toBeVisible();
  await page.goBack();
  await expect(page.locator('.feed')).toBeVisible();
});

test('what the reader chose is kept: language and appearance', async ({ page }) => {
  await page.goto('/');
  const menu = page.getByRole('banner').getByRole('button');
  await menu.click();
  await page.getByRole('menuitemradio', { name: 'English' }).click();
  await menu.click();
  await page.getByRole('menuitemradio', { name: 'Dark' }).click();
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(ground).toBe('rgb(13, 18, 20)');
});

test('no page is wider than the screen', async ({ page }) => {
  for (const path of ['/', '/counts', '/search', '/nodes', '/desk', '/wall', '/account', '/admin']) {
    await page.goto(path);
    await expect(page.locator('main h1').first()).toBeAttached();
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over, path).toBeLessThanOrEqual(0);
  }
});

test('an address that is no page says so and leads back', async ({ page }) => {
  await page.goto('/no-such-page?lang=vi');
  await expect(page.getByText('Không có trang này')).toBeVisible();
  await page.getByRole('link', { name: 'Về trang trực tiếp' }).click();
  await expect(page.getByRole('heading', { name: 'main-gate' })).toBeVisible();
});
