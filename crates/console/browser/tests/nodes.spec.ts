import { newName } from '../hub';
import { findings } from './axe';
import { expect, test } from './page';

test('a hub that cannot enrol machines says so', async ({ page }) => {
  await page.goto('/nodes?lang=en&site=demo');
  await page.getByRole('tab', { name: 'Invitations' }).click();
  await page.getByLabel('Name of the node').fill(newName('cong-phu'));
  await page.getByRole('button', { name: 'Invite a node' }).click();
  await expect(page.getByRole('main').getByRole('alert').filter({ hasText: '[authority]' })).toBeVisible();
  await expect(page.locator('.key-once')).toHaveCount(0);
});

test('revoking a node takes a reason', async ({ page }) => {
  await page.goto('/nodes?lang=vi&site=demo');
  const card = page.getByRole('article', { name: 'demo-node' });
  await card.locator('summary').click();
  await card.getByRole('button', { name: 'Thu hồi thiết bị' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('demo-node không còn được tin');
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') asked.push(request.url());
  });
  await dialog.getByRole('button', { name: 'Thu hồi thiết bị' }).click();
  expect(await dialog.getByLabel('Lý do').evaluate((input: HTMLInputElement) => input.validity.valueMissing)).toBe(
    true,
  );
  expect(asked).toEqual([]);
});

test('a node tells what its cameras see, and how plates fare', async ({ page }) => {
  await page.goto('/nodes?lang=en&site=demo');
  await page.getByRole('tab', { name: 'Picture quality' }).click();
  const rows = page.getByRole('region', { name: 'Picture quality' }).locator('tbody tr');
  // The reference is taken of the first clear pictures, and the status comes every half minute.
  await expect(rows.filter({ hasText: 'cam-1' })).toContainText('768×576', { timeout: 50_000 });
  await expect(rows.first().locator('td').nth(1)).toHaveText(/^\d+ ?%$/);
  const reading = rows.filter({ hasText: 'px' });
  await expect(reading).toHaveCount(1);
  await expect(reading).toContainText(/\d+ wide × \d+ high px/);
  await expect(reading).toContainText(/\d+ ?% of \d+/);
  expect(await findings(page)).toEqual([]);
});

test('a step of the checklist bears the name of who confirmed it until he takes it back', async ({ page }) => {
  await page.goto('/nodes?lang=vi&site=demo');
  const card = page.getByRole('article', { name: 'demo-node' });
  await expect(card).toContainText('chưa xong');
  await card.getByRole('button', { name: 'Danh mục nghiệm thu' }).click();
  const dialog = page.getByRole('dialog', { name: 'Nghiệm thu demo-node' });
  await expect(dialog.getByText('Kết nối với máy chủ')).toBeVisible();
  const step = (name: string) => dialog.getByRole('listitem').filter({ hasText: name });

  // Not applicable takes a reason.
  const barrier = step('Rào chắn nghe lệnh');
  await barrier.getByRole('button', { name: 'Ghi kết quả' }).click();
  expect(await findings(page), 'the form').toEqual([]);
  await barrier.getByRole('button', { name: 'Không áp dụng' }).click();
  await expect(barrier.getByRole('alert')).toContainText('note');
  await barrier.getByLabel('Ghi chú').fill('cổng mở, không rào');
  await barrier.getByRole('button', { name: 'Không áp dụng' }).click();
  await expect(barrier).toContainText('không áp dụng');
  await expect(barrier).toContainText('cổng mở, không rào');
  await expect(barrier).toContainText('đạt');

  const over = step('Bàn giao đưa vào sử dụng');
  await over.getByRole('button', { name: 'Ghi kết quả' }).click();
  await over.getByRole('button', { name: 'Đạt' }).click();
  await expect(over.getByRole('alert')).toContainText('Chưa bàn giao được');

  await barrier.getByRole('button', { name: 'Rút lại' }).click();
  await expect(barrier.getByRole('button', { name: 'Ghi kết quả' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});
