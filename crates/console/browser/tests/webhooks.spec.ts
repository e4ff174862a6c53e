import { newPassword } from '../hub';
import { hasBroker, OwnHub } from '../own-hub';
import { findings } from './axe';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });
test.describe.configure({ mode: 'serial' });

const account = { name: 'quan-tri', password: newPassword() };
let hub: OwnHub;

test.beforeAll(async () => {
  test.skip(!hasBroker, 'mosquitto is not installed');
  hub = await OwnHub.start('', '[webhooks]\nprivate_addresses = false');
  await hub.setUp(account);
});
test.afterAll(async () => hub?.end());

test('a webhook is added with its secret shown once, changed, paused, tried and deleted', async ({ page }) => {
  await page.goto(`${hub.address}/admin?lang=vi`);
  await signIn(page, account);
  await page.getByRole('tab', { name: 'Webhook' }).click();
  await expect(page.getByText('Chưa gửi sự kiện đi đâu')).toBeVisible();
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Thêm webhook' }).click();
  // What is of this machine is refused, and why is said.
  await dialog.getByLabel('Địa chỉ nhận').fill('https://127.0.0.1/');
  await dialog.getByRole('button', { name: 'Thêm webhook' }).click();
  await expect(dialog.getByRole('alert')).toContainText('private_addresses');
  await dialog.getByLabel('Địa chỉ nhận').fill('https://ioc.gatehouse.invalid/hook');
  await dialog.getByRole('checkbox', { name: 'Lượt qua' }).check();
  await dialog.getByRole('checkbox', { name: 'Sự cố' }).check();
  expect(await findings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Thêm webhook' }).click();
  const secret = await dialog.locator('.key-once').innerText();
  expect(secret).toMatch(/^whsec_[0-9a-f]{64}$/);
  await dialog.getByRole('button', { name: 'Đóng' }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'ioc.gatehouse.invalid' });
  await expect(row).toContainText('Lượt qua, Sự cố');
  await expect(row).toContainText('Không có dữ liệu cá nhân');
  await expect(page.getByText(secret)).toHaveCount(0);
  expect(await findings(page)).toEqual([]);

  await row.getByRole('button', { name: 'Gửi thử' }).click();
  await expect(row.getByRole('alert')).toContainText('chưa có gì để gửi thử');
  await row.getByRole('button', { name: 'Tạm dừng' }).click();
  await expect(row.getByText('Tạm dừng', { exact: true })).toBeVisible();
  await row.getByRole('button', { name: 'Gửi tiếp' }).click();
  await expect(row.getByText('Đang gửi')).toBeVisible();

  await row.getByRole('button', { name: /^Sửa/ }).click();
  await dialog.getByRole('checkbox', { name: 'Sự cố' }).uncheck();
  await dialog.getByRole('button', { name: 'Lưu' }).click();
  await expect(row).not.toContainText('Sự cố');
  await row.getByRole('button', { name: 'Khóa ký mới' }).click();
  await dialog.getByRole('button', { name: 'Khóa ký mới' }).click();
  await expect(dialog.locator('.key-once')).toHaveText(/^whsec_/);
  expect(await dialog.locator('.key-once').innerText()).not.toBe(secret);
  await dialog.getByRole('button', { name: 'Đóng' }).click();

  await row.getByRole('button', { name: /^Xóa/ }).click();
  await dialog.getByRole('button', { name: 'Xóa' }).click();
  await expect(page.getByText('Chưa gửi sự kiện đi đâu')).toBeVisible();
});
