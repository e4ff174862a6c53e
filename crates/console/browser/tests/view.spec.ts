import { readFileSync } from 'node:fs';
import type { Locator, Page } from '@playwright/test';
import { address, administrator, everywhere, made, signedIn } from '../hub';
import { findings } from './axe';
import { expect, LANGUAGES, NOBODY, signIn, test } from './page';

const WORDS = {
  vi: {
    door: /^cam-1 .*Xem trực tiếp$/,
    picture: 'Ảnh trực tiếp của camera cam-1',
    age: /ảnh cách đây \d+,\d giây/,
    live: 'Trực tiếp',
    save: 'Lưu ảnh',
    saved: /Đã lưu demo-demo-node-cam-1-\S+\.jpg\. Việc này được ghi vào nhật ký\./,
    noted: /được ghi vào nhật ký/,
  },
  en: {
    door: /^cam-1 .*Live view$/,
    picture: 'Live picture of camera cam-1',
    age: /picture of \d+\.\d s ago/,
    live: 'Live',
    save: 'Save a picture',
    saved: /Saved demo-demo-node-cam-1-\S+\.jpg\. It is noted in the audit log\./,
    noted: /stand in the audit log/,
  },
};

async function opened(page: Page, door: RegExp): Promise<Locator> {
  await page.getByRole('button', { name: door }).first().click();
  return page.getByRole('dialog', { name: /^Camera cam-1/ });
}

const width = (picture: Locator): Promise<number> => picture.evaluate((image: HTMLImageElement) => image.naturalWidth);

for (const language of LANGUAGES) {
  const words = WORDS[language];

  test(`a camera is looked through from its gate, with its age, and a picture kept (${language})`, async ({ page }) => {
    await page.goto(`/?lang=${language}`);
    const dialog = await opened(page, words.door);
    const picture = dialog.getByRole('img', { name: words.picture });
    await expect.poll(async () => width(picture)).toBe(768);
    await expect(dialog).toContainText(words.age);
    await expect(dialog.locator('figcaption')).toContainText(words.live);
    await expect(dialog).toContainText(words.noted);
    const first = await picture.getAttribute('src');
    await expect.poll(async () => picture.getAttribute('src')).not.toBe(first);
    expect(await findings(page)).toEqual([]);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over).toBeLessThanOrEqual(0);

    const coming = page.waitForEvent('download');
    await dialog.getByRole('button', { name: words.save }).click();
    const file = await coming;
    expect(file.suggestedFilename()).toMatch(/^demo-demo-node-cam-1-\d{8}T\d{6}Z\.jpg$/);
    expect([...readFileSync(await file.path()).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    await expect(dialog.getByRole('status').filter({ hasText: words.saved })).toBeVisible();
  });
}

test('by keyboard alone, from the page of nodes, and the view ends with its window', async ({ page }) => {
  await page.goto('/nodes?lang=en&site=demo');
  const door = page.getByRole('article', { name: 'demo-node' }).getByRole('button', { name: WORDS.en.door });
  const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/cam-1/live'));
  await door.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: /^Camera cam-1/ });
  await expect.poll(async () => width(dialog.getByRole('img', { name: WORDS.en.picture }))).toBe(768);
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await ended;
  await expect(door).toBeFocused();
});

test('a page that is hidden ends the view, which goes on by a button', async ({ page }) => {
  await page.goto('/?lang=vi');
  const dialog = await opened(page, WORDS.vi.door);
  const picture = dialog.getByRole('img', { name: WORDS.vi.picture });
  await expect.poll(async () => width(picture)).toBe(768);
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, value: 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await expect(dialog.getByRole('status').first()).toContainText('Đã dừng vì trang bị che.');
  const last = await picture.getAttribute('src');
  // What is shown is old now, and says so.
  await expect(dialog.locator('figcaption')).toContainText('Ảnh cũ');
  expect(await picture.getAttribute('src')).toBe(last);
  await page.evaluate(() => Reflect.deleteProperty(document, 'visibilityState'));
  await dialog.getByRole('button', { name: 'Xem tiếp' }).click();
  await expect(dialog.locator('figcaption')).toContainText('Trực tiếp');
  await expect.poll(async () => picture.getAttribute('src')).not.toBe(last);
});

for (const [kind, status, text] of [
  ['node_offline', 503, 'Thiết bị ở cổng đang mất kết nối.'],
  ['view_forbidden', 503, 'Cấu hình của thiết bị không cho xem camera từ xa'],
  ['no_answer', 504, 'Thiết bị không trả lời'],
  ['no_picture', 503, 'Camera hiện không có hình.'],
] as const) {
  test(`why there is no picture is said, and looking again offered (${kind})`, async ({ page }) => {
    const type = `urn:gatehouse:problem:${kind}`;
    await page.route('**/cam-1/live', (route) =>
      route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ type, status }) }),
    );
    await page.goto('/?lang=vi');
    const dialog = await opened(page, WORDS.vi.door);
    await expect(dialog.getByRole('alert')).toContainText(text);
    expect(await findings(page)).toEqual([]);
    await page.unroute('**/cam-1/live');
    await dialog.getByRole('button', { name: 'Thử lại' }).click();
    await expect.poll(async () => width(dialog.getByRole('img', { name: WORDS.vi.picture }))).toBe(768);
  });
}

test.describe('without the right', () => {
  test.use({ storageState: NOBODY });

  test('nobody is offered a look', async ({ page }) => {
    const admin = await signedIn(address(), administrator());
    const viewer = await made(admin, everywhere('viewer'), 'en');
    await page.goto('/nodes?lang=en');
    await signIn(page, viewer);
    const card = page.getByRole('article', { name: 'demo-node' });
    await expect(card).toContainText('cam-1');
    await expect(card.getByRole('button', { name: WORDS.en.door })).toHaveCount(0);
    const refused = await page.request.get('/api/v1/cameras/demo/demo-node/cam-1/snapshot');
    expect(refused.status()).toBe(403);
    await admin.end();
  });
});
