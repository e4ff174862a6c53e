import { address, administrator, type Caller, everywhere, made, signedIn } from '../hub';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });

let admin: Caller;
test.beforeAll(async () => {
  admin = await signedIn(address(), administrator());
});
test.afterAll(async () => admin.end());

test('one person proposes a plate, another one approves it, and it is removed with a reason', async ({ page }) => {
  const [officer, approver] = [
    await made(admin, everywhere('case_officer'), 'vi'),
    await made(admin, everywhere('approver'), 'en'),
  ];
  const number = String(Date.now() % 100_000).padStart(5, '0');
  const end = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  await page.goto('/watch?lang=vi&site=demo');
  await signIn(page, officer);
  await page.getByRole('button', { name: 'Đề xuất biển số' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Biển số cần theo dõi').fill('không phải biển số');
  await dialog.getByLabel('Danh sách').fill('xe-bi-tim');
  await dialog.getByLabel('Dặn bảo vệ').fill('Báo công an phường, không giữ xe');
  await dialog.getByLabel('Căn cứ pháp lý').fill('Quyết định 12/QĐ-CA ngày 20/11/2026');
  await dialog.getByLabel('Cơ quan yêu cầu').fill('Công an thành phố');
  await dialog.getByLabel('Theo dõi đến hết ngày').fill(end);
  await dialog.getByRole('button', { name: 'Đề xuất biển số' }).click();
  await expect(dialog.getByRole('alert')).toContainText('plate');
  await dialog.getByLabel('Biển số cần theo dõi').fill(`30A-${number}`);
  await dialog.getByRole('button', { name: 'Đề xuất biển số' }).click();
  await expect(dialog).toHaveCount(0);
  const row = page.getByRole('listitem').filter({ hasText: `30A${number}` });
  await expect(row).toContainText('Chờ duyệt');
  await expect(row).toContainText('Người khác phải duyệt');
  await expect(row.getByRole('button', { name: 'Duyệt' })).toHaveCount(0);

  await page.context().clearCookies();
  await page.goto('/watch?lang=en&site=demo');
  await signIn(page, approver);
  await expect(row).toContainText('Proposed');
  await expect(page.getByRole('button', { name: 'Propose a plate' })).toHaveCount(0);
  await row.getByRole('button', { name: 'Approve' }).click();
  await expect(row).toContainText('In force');
  await expect(row.getByRole('button')).toHaveCount(0);

  await page.context().clearCookies();
  await page.goto('/watch?lang=vi&site=demo');
  await signIn(page, officer);
  await row.getByRole('button', { name: 'Gỡ khỏi danh sách' }).click();
  await dialog.getByLabel('Lý do').fill('xe đã tìm thấy');
  await dialog.getByRole('button', { name: 'Gỡ khỏi danh sách' }).click();
  await expect(row).toContainText('Đã gỡ');
  await expect(row).toContainText('xe đã tìm thấy');
  await expect(row.getByRole('button')).toHaveCount(0);
});
