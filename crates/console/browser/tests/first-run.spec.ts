import { newPassword } from '../hub';
import { hasBroker, OwnHub } from '../own-hub';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });
test.describe.configure({ mode: 'serial' });

const account = { name: 'quan-tri', password: newPassword() };
/** The shortest that may be configured. */
const LOGIN = 'idle_minutes = 1\nidle_admin_minutes = 1';
const IDLE_MS = 60_000;

let hub: OwnHub;
test.beforeAll(async () => {
  test.skip(!hasBroker, 'mosquitto is not installed');
  hub = await OwnHub.start(LOGIN);
});
test.afterAll(async () => hub?.end());

test('the first account is made with the code that the hub printed, and is signed in', async ({ page }) => {
  await page.goto(`${hub.address}/?lang=vi`);
  await expect(page.getByRole('heading', { name: 'Thiết lập lần đầu' })).toBeVisible();
  const create = async (code: string) => {
    await page.getByLabel('Mã thiết lập').fill(code);
    await page.getByLabel('Tên đăng nhập').fill(account.name);
    await page.getByLabel('Họ và tên').fill('Đỗ Thị Quản Trị');
    await page.getByLabel('Mật khẩu', { exact: true }).fill(account.password);
    await page.getByLabel('Nhập lại mật khẩu').fill(account.password);
    await page.getByRole('button', { name: 'Tạo tài khoản quản trị' }).click();
  };
  await create('0000-0000-0000-0000');
  await expect(page.getByRole('alert')).toContainText('Mã thiết lập không đúng');
  await create(hub.code);
  await expect(page.getByRole('navigation', { name: 'Các trang' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Đỗ Thị Quản Trị' })).toBeVisible();
  await expect(page.getByText('Chưa có cổng nào')).toBeVisible();
  await page.getByRole('link', { name: 'Quản trị' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: account.name })).toContainText(
    'Quản trị hệ thống, Quản trị an ninh',
  );
  expect(await (await page.request.get(`${hub.address}/api/v1/setup`)).json()).toEqual({
    needed: false,
    sign_in_elsewhere: null,
    sets_up_gates: false,
  });
});

test('a hub that is gone and comes back is said, and nobody has to sign in again', async ({ page }) => {
  await page.goto(`${hub.address}/?lang=vi`);
  await signIn(page, account);
  await expect(page.locator('.link-mark')).toHaveAttribute('data-state', 'live');
  await hub.kill();
  await expect(page.getByRole('alert').filter({ hasText: /Mất kết nối|Đang nối lại/ })).toBeVisible();
  await hub.again();
  await expect(page.getByText('Đã nối lại, không thiếu sự kiện nào')).toBeVisible({ timeout: 30_000 });
  await expect(page.locator('.link-mark')).toHaveAttribute('data-state', 'live');
  await expect(page.getByRole('navigation', { name: 'Các trang' })).toBeVisible();
});

test('who leaves the page is warned, stays by a touch, and is signed out without one', async ({ page }) => {
  test.setTimeout(4 * IDLE_MS);
  await page.goto(`${hub.address}/admin?lang=vi`);
  await signIn(page, account);
  const warning = page.getByRole('alert').filter({ hasText: 'Không có ai thao tác' });
  await expect(warning).toBeVisible({ timeout: IDLE_MS });
  await page.getByRole('button', { name: 'Làm tiếp' }).click();
  await expect(warning).toHaveCount(0);
  // The page asks for the state of things all the while, which is nobody's hand.
  await expect(page.getByText('Phiên làm việc đã hết. Đăng nhập lại để tiếp tục.')).toBeVisible({
    timeout: 2 * IDLE_MS,
  });
  await signIn(page, account);
  await expect(page.getByRole('heading', { name: 'Quản trị', level: 1 })).toBeVisible();
});
