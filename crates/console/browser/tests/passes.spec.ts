import { address, administrator, newName, signedIn } from '../hub';
import { expect, test } from './page';

test('a pass is issued, its code shown once, and taken back with a reason', async ({ page }) => {
  const admin = await signedIn(address(), administrator());
  const visitor = newName('khach');
  await page.goto('/passes?lang=vi&site=demo');
  await page.getByLabel('Tên khách').fill(visitor);
  await page.getByLabel('Gặp ai, việc gì').fill('họp với phòng kỹ thuật');
  await page.getByLabel('Làn được qua').fill('vehicle-in');
  await page.getByRole('radio', { name: 'Nhiều lần' }).check();
  await page.getByRole('checkbox', { name: /đi cùng/ }).check();
  const until = await page.getByLabel('Đến', { exact: true }).inputValue();
  await page.getByLabel('Đến', { exact: true }).fill('1/1/2020 0:00');
  await page.getByRole('button', { name: 'Cấp thẻ' }).click();
  await expect(page.getByText('Thời điểm kết thúc phải sau lúc bắt đầu.')).toBeVisible();
  await page.getByLabel('Đến', { exact: true }).fill(until);
  await page.getByRole('button', { name: 'Cấp thẻ' }).click();

  const dialog = page.getByRole('dialog');
  const picture = dialog.getByRole('img', { name: 'Mã QR của thẻ' });
  await expect(picture).toBeVisible();
  expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  // What the code holds is for its alphanumeric mode.
  expect(await picture.getAttribute('data-code')).toMatch(/^[0-9A-Z $%*+\-./:]{40,}$/);
  await page.emulateMedia({ media: 'print' });
  await expect(picture).toBeVisible();
  await expect(page.locator('.topbar')).toBeHidden();
  await expect(dialog.locator('button:visible')).toHaveCount(0);
  await page.emulateMedia({ media: 'screen' });
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  const row = page.getByRole('list', { name: 'Thẻ khách' }).getByRole('listitem').filter({ hasText: visitor });
  await expect(row).toContainText('Đang dùng được');
  await expect(row).toContainText('visitor · Nhiều lần · có người đi cùng · vehicle-in · họp với phòng kỹ thuật');
  await row.getByRole('button', { name: `Thu hồi thẻ của ${visitor}` }).click();
  await dialog.getByLabel('Lý do').fill('khách không đến');
  await dialog.getByRole('button', { name: 'Thu hồi' }).click();
  await expect(row).toContainText('Đã thu hồi');
  await expect(row).toContainText('khách không đến');
  await expect(row.getByRole('button')).toHaveCount(0);
  const { passes } = await admin.get<{ passes: { visitor: string; state: string }[] }>(
    '/api/v1/sites/demo/passes?limit=500',
  );
  expect(passes.find((one) => one.visitor === visitor)?.state).toBe('revoked');
  await admin.end();
});
