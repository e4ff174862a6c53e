// Pictures of every page, for people to look at, and those of the README. Not a test of anything: what the pages show is
// tested elsewhere.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import type { Account } from '../demo';
import { address, administrator, everywhere, made, newPassword, signedIn } from '../hub';
import { OwnHouse } from '../own-house';
import { LANGUAGES, NOBODY, signIn, test } from '../tests/page';

const OUT = fileURLToPath(new URL('../out/pictures/', import.meta.url));
const README = fileURLToPath(new URL('../../../../deploy/screenshots/', import.meta.url));
/** The demo plays so long before the first picture, so that there is something to see. */
const PLAYING_MS = 45_000;
const WIDTHS = [
  [390, 844],
  [1440, 900],
  [2560, 1440],
] as const;
/** A picture that is under way for so long is shown as one that is. */
const PICTURES_MAX_MS = 3_000;
const ALL_MAX_MS = 1_200_000;
/** What the hub lets one account ask, with something to spare, and the most that one page asks. */
const ASKED_AT_ONCE = 400;
const ASKED_PER_S = 25;
const PAGE_ASKS_MAX = 150;

type Language = (typeof LANGUAGES)[number];
type Opened = (page: Page, language: Language) => Promise<void>;

const SEARCH = {
  vi: {
    plate: 'Biển số',
    purpose: 'Mục đích tra cứu',
    why: 'ảnh chụp cho tài liệu',
    button: 'Tìm',
    more: 'Thêm điều kiện',
  },
  en: {
    plate: 'Plate',
    purpose: 'Purpose of the search',
    why: 'pictures for the README',
    button: 'Search',
    more: 'More conditions',
  },
};

async function settled(page: Page): Promise<void> {
  await page.waitForFunction(
    () => document.querySelector('main h1, .state') && !document.querySelector('.skeleton, .menu-place'),
  );
  // Pictures further down are fetched when somebody scrolls to them.
  const areThere = () =>
    [...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight);
  await page.waitForFunction(areThere, undefined, { timeout: PICTURES_MAX_MS }).catch(() => {});
}

const at =
  (path: string): Opened =>
  async (page, language) => {
    await page.goto(`${path}?lang=${language}`);
    await settled(page);
  };

const tab =
  (path: string, place: number): Opened =>
  async (page, language) => {
    await at(path)(page, language);
    await page.getByRole('tab').nth(place).click();
    await settled(page);
  };

/** Searches for what `enter` enters. */
const searching =
  (enter: (page: Page, words: (typeof SEARCH)[Language]) => Promise<void>): Opened =>
  async (page, language) => {
    const words = SEARCH[language];
    await at('/search')(page, language);
    await enter(page, words);
    await page.getByLabel(words.purpose).fill(words.why);
    await page.getByRole('button', { name: words.button }).click();
    await page.locator('a.result').first().waitFor();
    await settled(page);
  };

const searched = (plate: string): Opened =>
  searching((page, words) => page.getByLabel(words.plate, { exact: true }).fill(plate));

/** By everything that may be asked for. */
const searchedBy = (colour: string): Opened =>
  searching(async (page, words) => {
    await page.getByText(words.more).click();
    await page.locator('.search-further select').nth(1).selectOption(colour);
  });

const path =
  (plate: string): Opened =>
  async (page, language) => {
    await searched(plate)(page, language);
    await page.getByRole('radio').nth(1).check();
    await settled(page);
  };

const changing: Opened = async (page, language) => {
  await at('/admin')(page, language);
  await page.getByRole('listitem').getByRole('button').last().click();
  await page.getByRole('dialog').waitFor();
};

const checklist: Opened = async (page, language) => {
  await at('/nodes')(page, language);
  await page.getByRole('article').first().locator('dd button').click();
  await page.getByRole('dialog').locator('.checklist').waitFor();
};

async function loaded(page: Page, url: string, language: Language): Promise<void> {
  await page.goto(`${url}?lang=${language}`);
  await settled(page);
}

/** Goes through the set-up on the sample video as far as a line and a zone. */
async function drawn(page: Page, house: string): Promise<void> {
  await loaded(page, `${house}/set-up`, 'vi');
  await page.getByLabel('Tên điểm').fill('Khu di tích Đền Hùng');
  const next = page.getByRole('button', { name: 'Tiếp tục' });
  await next.click();
  await page.getByRole('radio', { name: 'Video mẫu' }).check();
  await page.getByLabel('Video', { exact: true }).selectOption('vtest.avi');
  await page.getByRole('button', { name: 'Thử camera' }).click();
  await next.click();
  await next.click();
  const board = page.locator('.drawing-board');
  await board.scrollIntoViewIfNeeded();
  const area = await board.boundingBox();
  const at = (x: number, y: number) =>
    [(area?.x ?? 0) + x * (area?.width ?? 0), (area?.y ?? 0) + y * (area?.height ?? 0)] as const;
  await page.getByRole('button', { name: 'Vẽ vùng' }).click();
  for (const [x, y] of [
    [0.42, 0.2],
    [0.7, 0.2],
    [0.7, 0.95],
    [0.42, 0.95],
  ] as const) {
    await page.mouse.click(...at(x, y));
  }
  await page.getByRole('button', { name: 'Đóng vùng' }).click();
  await page.getByLabel('Tên vùng').fill('san-truoc');
  await page.getByRole('button', { name: 'Vẽ vạch đếm' }).click();
  await page.mouse.move(...at(0.73, 0.02));
  await page.mouse.down();
  await page.mouse.move(...at(0.73, 0.98), { steps: 6 });
  await page.mouse.up();
  await page.getByLabel('Tên vạch').fill('loi-vao');
  await page.getByLabel('Tên vạch').blur();
}

/** Waits where pages are opened faster than any person would, so that the hub need not tell them to ask later. */
function paced(page: Page): () => Promise<void> {
  let [left, at] = [ASKED_AT_ONCE, Date.now()];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.startsWith('/api/')) left -= 1;
  });
  return async () => {
    const now = Date.now();
    left = Math.min(ASKED_AT_ONCE, left + (ASKED_PER_S * (now - at)) / 1_000);
    at = now;
    if (left < PAGE_ASKS_MAX) await page.waitForTimeout(((PAGE_ASKS_MAX - left) / ASKED_PER_S) * 1_000);
  };
}

async function taken(page: Page, pages: readonly (readonly [string, Opened])[]): Promise<void> {
  const pace = paced(page);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      for (const language of LANGUAGES) {
        // English differs in the length of its words: that shows where room is scarce.
        if (language === 'en' && (width > 1_440 || colorScheme === 'dark')) continue;
        for (const [name, open] of pages) {
          await pace();
          await open(page, language);
          await page.screenshot({ path: `${OUT}${name}-${width}-${colorScheme}-${language}.png` });
        }
      }
    }
  }
}

test('every page, on a phone, a desk and a wall, light and dark', async ({ page, request }) => {
  test.setTimeout(ALL_MAX_MS);
  mkdirSync(OUT, { recursive: true });
  mkdirSync(README, { recursive: true });
  await page.waitForTimeout(PLAYING_MS);
  const plate = (await (await request.get('/api/v1/plates?outcome=read&limit=1')).json()).plates[0];
  const admin = await signedIn(address(), administrator());
  // The temple of the Hùng kings, so that the map is not empty.
  await admin.write('PUT', '/api/v1/sites/demo/place', { at: { latitude: 21.3656, longitude: 105.3233 } });
  await admin.write('POST', '/api/v1/report-schedules', { kind: 'week', scope: 'all' });
  await admin.write('POST', '/api/v1/report-schedules', { kind: 'day', scope: 'each' });
  await admin.write('POST', '/api/v1/reports', { kind: 'week', at: new Date().toISOString() });
  // Something to see on pages that the demo leaves empty.
  const [now, year] = [Date.now(), new Date().getUTCFullYear() + 1];
  const inDays = (days: number) => new Date(Math.floor(now / 1_000 + days * 86_400) * 1_000).toISOString();
  const officer = await signedIn(address(), await made(admin, everywhere('case_officer')));
  await officer.write('POST', '/api/v1/sites/demo/watch-entries', {
    list: 'watch',
    plate: '30A-123.45',
    note: 'Gọi trực ban công an phường',
    legal_basis: `QĐ 12/${year - 1}`,
    authority: 'Công an tỉnh',
    expires_at: inDays(30),
  });
  await officer.end();
  await admin.write('POST', '/api/v1/api-keys', {
    name: 'Trung tâm điều hành',
    grants: [{ role: 'viewer', sites: ['demo'] }],
    expires_at: inDays(90),
  });
  await admin.end();
  await at('/rules')(page, 'vi');
  await page.getByRole('button', { name: 'Bắt đầu từ mẫu' }).click();
  await page.getByText('Có thay đổi chưa ban hành').waitFor();
  for (const [name, code, card] of [
    ['Nguyễn Văn Một', 'w-1', '04:A1:00:01'],
    ['Trần Thị Hai', 'w-2', '04:A1:00:02'],
  ] as const) {
    await page.getByRole('button', { name: 'Thêm người' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Mã', { exact: true }).fill(code);
    await dialog.getByLabel('Tên', { exact: true }).fill(name);
    await dialog.getByLabel('Mã thẻ từ').fill(card);
    await dialog.getByLabel('Đến hết ngày').fill(`31/12/${year}`);
    await dialog.getByRole('button', { name: 'Thêm' }).click();
    await dialog.waitFor({ state: 'detached' });
  }
  const decision = (await (await request.get('/api/v1/decisions?limit=1')).json()).decisions[0];
  await taken(page, [
    ['live', at('/')],
    ['counts', at('/counts')],
    ['search', searched(plate.display)],
    ['path', path(plate.display)],
    ['search-further', searchedBy(plate.colour)],
    ['plate', at(`/plates/${plate.id}`)],
    ['decision', at(`/decisions/${decision.id}`)],
    ['desk', at('/desk')],
    ['alerts', at('/alerts')],
    ['passes', at('/passes')],
    ['watch', at('/watch')],
    ['rules', at('/rules')],
    ['rules-times', tab('/rules', 1)],
    ['rules-trial', tab('/rules', 2)],
    ['rules-history', tab('/rules', 3)],
    ['rules-documents', tab('/rules', 4)],
    ['rules-publish', tab('/rules', 5)],
    ['reports', at('/reports')],
    ['nodes', at('/nodes')],
    ['checklist', checklist],
    ['picture-quality', tab('/nodes', 1)],
    ['alarms', tab('/nodes', 2)],
    ['invitations', tab('/nodes', 3)],
    ['policies', tab('/nodes', 4)],
    ['quarantine', tab('/nodes', 5)],
    ['wall', at('/wall')],
    ['account', at('/account')],
    ['accounts', at('/admin')],
    ['account-change', changing],
    ['keys', tab('/admin', 1)],
    ['webhooks', tab('/admin', 2)],
    ['retention', tab('/admin', 3)],
  ]);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });
  await at('/')(page, 'vi');
  await page.screenshot({ path: `${README}page-vi.png` });
  await page.setViewportSize({ width: 420, height: 1_400 });
  await at('/')(page, 'en');
  await page.screenshot({ path: `${README}page-en-phone.png` });
});

test.describe('for others', () => {
  test.use({ storageState: NOBODY });

  test('the first set-up, where lines are drawn', async ({ page }) => {
    test.setTimeout(ALL_MAX_MS);
    mkdirSync(OUT, { recursive: true });
    mkdirSync(README, { recursive: true });
    const house = await OwnHouse.start();
    try {
      await taken(page, [['first-account', (page, language) => loaded(page, `${house.address}/`, language)]]);
      const person = { name: 'quan-tri', display_name: 'Đỗ Thị Quản Trị', language: 'vi', password: newPassword() };
      const first = await page.request.post(`${house.address}/api/v1/setup`, { data: { code: house.code, ...person } });
      if (!first.ok()) throw new Error(await first.text());
      await drawn(page, house.address);
      await taken(page, [['set-up-draw', (page, language) => loaded(page, `${house.address}/set-up`, language)]]);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 1280, height: 900 });
      await loaded(page, `${house.address}/set-up`, 'vi');
      await page.locator('.set-up').screenshot({ path: `${README}set-up-vi.jpg`, type: 'jpeg', quality: 80 });
    } finally {
      await house.end();
    }
  });

  const as = async (page: Page, account: Account): Promise<void> => {
    await page.goto('/');
    await signIn(page, account);
    await page.getByRole('navigation').waitFor();
  };

  test('signing in, and what an auditor and a viewer see', async ({ page }) => {
    test.setTimeout(ALL_MAX_MS);
    mkdirSync(OUT, { recursive: true });
    const admin = await signedIn(address(), administrator());
    const auditor = await made(admin, everywhere('auditor'));
    const viewer = await made(admin, everywhere('viewer'));
    await admin.end();
    await taken(page, [['sign-in', at('/')]]);
    await as(page, auditor);
    await taken(page, [['audit', tab('/admin', 3)]]);
    await page.context().clearCookies();
    await as(page, viewer);
    await taken(page, [['forbidden', at('/search')]]);
  });
});
