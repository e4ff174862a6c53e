import { address, administrator, type Caller, everywhere, made, signedIn } from '../hub';
import { findings } from './axe';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });

let admin: Caller;
test.beforeAll(async () => {
  admin = await signedIn(address(), administrator());
});
test.afterAll(async () => admin.end());

test('a case officer holds events by their addresses and lets them go, and the deletion log is whole', async ({
  page,
}) => {
  const officer = await made(admin, everywhere('case_officer'), 'vi');
  const { passages } = await admin.get<{ passages: { id: string }[] }>('/api/v1/passages?limit=2');
  const wanted = `vụ việc ${officer.name}`;
  await page.goto('/admin?lang=vi');
  await signIn(page, officer);
  await expect(page.getByRole('tab')).toHaveText(['Lưu giữ']);
  await expect(page.getByText('Hub này không xóa gì')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Thời hạn lưu giữ' }).getByRole('row')).toHaveCount(10);
  await page.getByRole('button', { name: 'Kiểm tra chuỗi' }).click();
  await expect(page.getByText('Chuỗi nguyên vẹn')).toHaveAttribute('data-tone', 'good');

  await page.getByRole('button', { name: 'Giữ lại', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Các sự kiện').fill('không có gì');
  await dialog.getByLabel('Vụ việc').fill(wanted);
  await dialog.getByLabel('Lý do').fill('điều tra');
  await dialog.getByRole('button', { name: 'Giữ lại', exact: true }).click();
  await expect(dialog.getByText('Không thấy mã sự kiện nào.')).toBeVisible();
  expect(await findings(page), 'form').toEqual([]);
  await dialog.getByLabel('Các sự kiện').fill(passages.map(({ id }) => `${address()}/plates/${id}`).join('\n'));
  await dialog.getByRole('button', { name: 'Giữ lại', exact: true }).click();
  await expect(dialog).toHaveCount(0);
  const row = page.getByRole('listitem').filter({ hasText: wanted });
  await expect(row).toContainText('2 sự kiện');
  await expect(row).toContainText('điều tra');
  expect(await findings(page), 'tab').toEqual([]);

  await row.getByRole('button', { name: /^Thôi giữ/ }).click();
  await dialog.getByLabel('Lý do').fill('đã xong');
  await dialog.getByRole('button', { name: 'Thôi giữ' }).click();
  await expect(row).toHaveCount(0);
  await page.getByLabel('Cả những lệnh đã thôi').check();
  await expect(row).toContainText('đã xong');
});
