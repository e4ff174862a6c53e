// The first set-up, from an empty folder to live counts, and what it says where something is wrong.
import type { Locator, Page } from '@playwright/test';
import { newPassword } from '../hub';
import { OwnHouse } from '../own-house';
import { findings } from './axe';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });
test.describe.configure({ mode: 'serial' });

const VIDEO = 'vtest.avi';
/** Models are loaded and people walk by: five minutes are promised, and much less is needed. */
const COUNTED_MAX_MS = 120_000;
const account = { name: 'quan-tri', password: newPassword() };

let house: OwnHouse;
test.beforeAll(async () => {
  house = await OwnHouse.start();
});
test.afterAll(async () => house?.end());

const step = (page: Page, name: string): Locator => page.getByRole('heading', { level: 2, name });
const next = (page: Page): Promise<void> => page.getByRole('button', { name: 'Tiếp tục' }).click();

/** Drags across the picture, from and to shares of its size. */
async function drag(page: Page, from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  const board = page.locator('.drawing-board');
  await board.scrollIntoViewIfNeeded();
  const area = await board.boundingBox();
  if (!area) throw new Error('there is no picture to draw on');
  const at = ([x, y]: readonly [number, number]) => [area.x + x * area.width, area.y + y * area.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 6 });
  await page.mouse.up();
}

test('the administrator comes first, and the page leads on to the set-up', async ({ page }) => {
  await page.goto(`${house.address}/?lang=vi`);
  await expect(page.getByRole('list', { name: 'Các bước thiết lập' })).toBeVisible();
  await page.getByLabel('Mã thiết lập').fill(house.code);
  await page.getByLabel('Tên đăng nhập').fill(account.name);
  await page.getByLabel('Họ và tên').fill('Đỗ Thị Quản Trị');
  await page.getByLabel('Mật khẩu', { exact: true }).fill(account.password);
  await page.getByLabel('Nhập lại mật khẩu').fill(account.password);
  await page.getByRole('button', { name: 'Tạo tài khoản quản trị' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Thiết lập cổng đầu tiên' })).toBeVisible();
  await expect(page).toHaveURL(/\/set-up/);
  expect(await findings(page)).toEqual([]);
});

test('a wrong source and an impossible line are said, and what was entered stays', async ({ page }) => {
  await page.goto(`${house.address}/set-up?lang=vi`);
  await signIn(page, account);
  await page.getByLabel('Tên điểm').fill('Khu di tích Đền Hùng');
  await expect(page.getByLabel('Mã điểm')).toHaveValue('khu-di-tich-den-hung');
  await page.getByLabel('Mã điểm').fill('Đền Hùng');
  await page.getByLabel('Mã điểm').blur();
  await expect(page.getByLabel('Mã điểm')).toHaveValue('den-hung');
  await next(page);

  await expect(step(page, 'Hình lấy từ đâu?')).toBeFocused();
  const tried = async (address: string, said: string) => {
    await page.getByLabel('Địa chỉ camera').fill(address);
    await page.getByRole('button', { name: 'Thử camera' }).click();
    await expect(page.getByRole('alert')).toContainText(said);
  };
  await tried('http://127.0.0.1/', 'Địa chỉ chưa đúng');
  await page.getByLabel('Mật khẩu của camera').fill('hunter2hunter2');
  await page.getByLabel('Tên đăng nhập của camera').fill('admin');
  // Nobody listens there.
  await tried('rtsp://127.0.0.1:9/live', 'Địa chỉ chưa đúng');
  await tried('rtsp://127.0.0.1:1025/live', 'Camera từ chối kết nối');
  await expect(page.getByRole('alert')).not.toContainText('hunter2');
  expect(await findings(page)).toEqual([]);

  // The page is loaded again in the middle: it goes on where it stood, without the password.
  await page.reload();
  await expect(step(page, 'Hình lấy từ đâu?')).toBeVisible();
  await expect(page.getByLabel('Địa chỉ camera')).toHaveValue('rtsp://127.0.0.1:1025/live');
  await expect(page.getByLabel('Mật khẩu của camera')).toHaveValue('');
  expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain('hunter2');
  await page.getByRole('button', { name: 'Quay lại' }).click();
  await expect(page.getByLabel('Tên điểm')).toHaveValue('Khu di tích Đền Hùng');
  await next(page);

  await page.getByRole('radio', { name: 'Video mẫu' }).check();
  await page.getByLabel('Video', { exact: true }).selectOption(VIDEO);
  await page.getByRole('button', { name: 'Thử camera' }).click();
  await expect(page.getByRole('img', { name: 'Hình từ camera' })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('768 × 576 điểm ảnh')).toBeVisible();
  await next(page);
  await expect(page.getByRole('radio', { name: /^Cổng khu du lịch/ })).toBeChecked();
  await next(page);

  await page.getByRole('button', { name: 'Lưu và bắt đầu đếm' }).click();
  await expect(page.getByRole('alert')).toContainText('Vẽ ít nhất một vạch');
  // By the keyboard a line comes by itself; both its ends are put to nearly the same place.
  await page.getByRole('button', { name: 'Vẽ vạch đếm' }).focus();
  await page.keyboard.press('Enter');
  const end = page.getByRole('button', { name: /^vach-1, đầu 1: 50 % từ trái, 25 % từ trên/ });
  await expect(end).toBeFocused();
  for (let n = 0; n < 10; n++) await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await page.getByRole('button', { name: 'Lưu và bắt đầu đếm' }).click();
  await expect(page.getByText('Vạch quá ngắn: kéo hai đầu xa nhau hơn.')).toBeVisible();
  await expect(page.getByRole('heading', { level: 2, name: 'Vẽ vạch đếm lên hình' })).toBeVisible();
  await page.getByRole('checkbox', { name: 'Người' }).uncheck();
  await page.getByRole('button', { name: 'Lưu và bắt đầu đếm' }).click();
  await expect(page.getByText('Chọn đếm người, xe hoặc cả hai.')).toBeVisible();
  expect(await findings(page)).toEqual([]);
  // The line is as it was after the page is loaded again; the picture is still there.
  await page.reload();
  await expect(page.getByRole('img', { name: 'Hình từ camera' })).toBeVisible();
  await page.getByRole('button', { name: 'Xóa vach-1' }).click();
  await expect(page.getByText('Chưa vẽ gì.')).toBeVisible();
});

test('a line drawn with the mouse counts, live, and the next page has the figures too', async ({ page }) => {
  test.setTimeout(COUNTED_MAX_MS + 60_000);
  const began = Date.now();
  await page.goto(`${house.address}/set-up?lang=vi`);
  await signIn(page, account);
  await page.getByLabel('Tên điểm').fill('Khu di tích Đền Hùng');
  await next(page);
  await page.getByRole('radio', { name: 'Video mẫu' }).check();
  await page.getByLabel('Video', { exact: true }).selectOption(VIDEO);
  await page.getByRole('button', { name: 'Thử camera' }).click();
  await expect(page.getByRole('img', { name: 'Hình từ camera' })).toBeVisible({ timeout: 30_000 });
  await next(page);
  await next(page);

  await page.getByRole('button', { name: 'Vẽ vạch đếm' }).click();
  await drag(page, [0.6, 0.02], [0.6, 0.98]);
  await expect(page.getByRole('button', { name: /^vach-1, đầu 1/ })).toBeVisible();
  // Pulled to where it belongs, and turned round once.
  await drag(page, [0.6, 0.98], [0.7, 0.98]);
  await expect(page.getByRole('button', { name: /^vach-1, đầu 2: 70 % từ trái, 98 % từ trên/ })).toBeVisible();
  await page.getByRole('button', { name: /^vach-1: vào là sang trái/ }).click();
  await expect(page.getByRole('button', { name: /^vach-1: vào là sang phải/ })).toBeVisible();
  await page.getByRole('button', { name: 'Vẽ vùng' }).click();
  const board = page.locator('.drawing-board');
  const area = await board.boundingBox();
  for (const [x, y] of [
    [0.2, 0.3],
    [0.5, 0.3],
    [0.5, 0.9],
    [0.2, 0.9],
  ] as const) {
    await board.click({ position: { x: x * (area?.width ?? 0), y: y * (area?.height ?? 0) } });
  }
  await page.getByRole('button', { name: 'Đóng vùng' }).click();
  await page.getByLabel('Tên vạch').fill('lối vào');
  await page.getByLabel('Tên vạch').blur();
  await expect(page.getByLabel('Tên vạch')).toHaveValue('loi-vao');
  expect(await findings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Lưu và bắt đầu đếm' }).click();
  await expect(step(page, 'Cổng của bạn')).toBeVisible();

  // Nobody loads the page again: the figures come by the stream.
  const figures = page.locator('.gate-table td[data-direction]');
  await expect
    .poll(async () => (await figures.allTextContents()).map(Number).reduce((sum, figure) => sum + figure, 0), {
      timeout: COUNTED_MAX_MS,
    })
    .toBeGreaterThan(1);
  expect(Date.now() - began).toBeLessThan(5 * 60_000);
  expect(await findings(page)).toEqual([]);

  const config = house.file('node.toml');
  expect(config.mode).toBe(0o600);
  expect(config.text).toContain('site = "khu-di-tich-den-hung" # Khu di tích Đền Hùng');
  const profile = house.file('profiles/cong-chinh.toml');
  expect(profile.text).toContain('id = "loi-vao"');
  expect(profile.text).toContain('in = "b_to_a"');

  await page.getByRole('link', { name: 'Về trang trực tiếp' }).click();
  await expect(page.locator('article.gate').filter({ hasText: 'cong-chinh' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Thêm cổng' })).toBeVisible();
});
