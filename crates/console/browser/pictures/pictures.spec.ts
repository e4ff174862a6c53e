// Pictures of every page, for people to look at, and those of the README. Not a test of anything: what the pages show is
// tested elsewhere.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Page, test } from '@playwright/test';

const OUT = fileURLToPath(new URL('../out/pictures/', import.meta.url));
const README = fileURLToPath(new URL('../../../../deploy/screenshots/', import.meta.url));
/** The demo plays so long before the first picture, so that there is something to see. */
const PLAYING_MS = 45_000;
const WIDTHS = [
  [390, 844],
  [1440, 900],
  [2560, 1440],
] as const;

async function opened(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('.skeleton'));
  await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => {});
}

async function searched(page: Page, plate: string): Promise<void> {
  await opened(page, '/search?lang=vi');
  await page.getByLabel('Biển số').fill(plate);
  await page.getByLabel('Mục đích tra cứu').fill('ảnh chụp cho tài liệu');
  await page.getByRole('button', { name: 'Tìm' }).click();
  await page.locator('a.result').first().waitFor();
}

test('every page, on a phone, a desk and a wall, light and dark', async ({ page, request }) => {
  test.setTimeout(600_000);
  mkdirSync(OUT, { recursive: true });
  mkdirSync(README, { recursive: true });
  await page.waitForTimeout(PLAYING_MS);
  const plate = (await (await request.get('/api/v1/plates?outcome=read&limit=1')).json()).plates[0];
  const decision = (await (await request.get('/api/v1/decisions?limit=1')).json()).decisions[0];
  const pages: [string, (page: Page) => Promise<void>][] = [
    ['live', (page) => opened(page, '/?lang=vi')],
    ['counts', (page) => opened(page, '/counts?lang=vi')],
    ['search', (page) => searched(page, plate.display)],
    ['plate', (page) => opened(page, `/plates/${plate.id}?lang=vi`)],
    ['decision', (page) => opened(page, `/decisions/${decision.id}?lang=vi`)],
    ['desk', (page) => opened(page, '/desk?lang=vi')],
    ['nodes', (page) => opened(page, '/nodes?lang=vi')],
    ['wall', (page) => opened(page, '/wall?lang=vi')],
  ];
  // A hub without accounts has nothing to administer.
  if ((await request.get('/api/v1/session')).status() !== 404) {
    pages.push(['admin', (page) => opened(page, '/admin?lang=vi')]);
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      for (const [name, open] of pages) {
        await open(page);
        await page.screenshot({ path: `${OUT}${name}-${width}-${colorScheme}.png` });
      }
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });
  await opened(page, '/?lang=vi');
  await page.screenshot({ path: `${README}page-vi.png` });
  await page.setViewportSize({ width: 420, height: 1_400 });
  await opened(page, '/?lang=en');
  await page.screenshot({ path: `${README}page-en-phone.png` });
});
