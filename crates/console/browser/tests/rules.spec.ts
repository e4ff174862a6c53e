import { newPassword } from '../hub';
import { hasBroker, OwnHub } from '../own-hub';
import { findings } from './axe';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });
test.describe.configure({ mode: 'serial' });

const SITE = 'kcn-demo';
const account = { name: 'quan-tri', password: newPassword() };

let hub: OwnHub;
test.beforeAll(async () => {
  test.skip(!hasBroker, 'mosquitto is not installed');
  hub = await OwnHub.start('', '[signing]\npolicy_key_file = "FOLDER/policy.key"');
  hub.addNode(SITE, 'node-1');
  await hub.setUp(account);
});
test.afterAll(async () => hub?.end());

test.beforeEach(async ({ page }) => {
  await page.goto(`${hub.address}/rules?lang=vi`);
  await signIn(page, account);
});

test('a site begins with the template, and persons and vehicles are added, changed and removed', async ({ page }) => {
  await page.getByRole('button', { name: 'Bắt đầu từ mẫu' }).click();
  await expect(page.getByText('Có thay đổi chưa ban hành')).toBeVisible();
  await expect(page.getByText('lỗi trong bản nháp')).toHaveCount(0);
  const dialog = page.getByRole('dialog');
  const table = page.getByRole('table');
  await page.getByRole('button', { name: 'Thêm người' }).click();
  await dialog.getByLabel('Mã', { exact: true }).fill('w-1');
  await dialog.getByLabel('Tên', { exact: true }).fill('Nguyễn Văn Một');
  await dialog.getByLabel('Mã thẻ từ').fill('04:A1:00:01');
  expect(await findings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Thêm' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(table.getByRole('row').filter({ hasText: 'Nguyễn Văn Một' })).toContainText('Người');

  await page.getByRole('button', { name: 'Thêm xe' }).click();
  await dialog.getByLabel('Mã', { exact: true }).fill('x-1');
  await dialog.getByLabel('Tên', { exact: true }).fill('Xe nâng');
  await dialog.getByLabel('Biển số', { exact: true }).fill('bùn');
  await dialog.getByLabel('Mã người lái').fill('w-9');
  await dialog.getByRole('button', { name: 'Thêm' }).click();
  await expect(dialog.getByRole('alert')).toContainText('“bùn” không phải biển số');
  await expect(dialog.getByRole('alert'), 'it is seen from the end of the form').toBeInViewport();
  await expect(dialog.getByRole('alert')).toContainText('không có người mã “w-9”');
  await dialog.getByLabel('Biển số', { exact: true }).fill('22C-123.45');
  await dialog.getByLabel('Mã người lái').fill('w-1');
  await dialog.getByRole('button', { name: 'Thêm' }).click();
  await expect(dialog).toHaveCount(0);

  await page.getByRole('button', { name: 'Sửa Nguyễn Văn Một' }).click();
  await dialog.getByLabel('Đến hết ngày').fill('31/12/2099');
  await dialog.getByRole('button', { name: 'Lưu' }).click();
  await expect(table).toContainText('31/12/2099');
  await page.getByRole('radio', { name: 'Xe', exact: true }).check();
  await expect(table.getByRole('row')).toHaveCount(2);
  await page.getByLabel('Tìm tên, mã, biển số').fill('22c12345');
  await page.keyboard.press('Enter');
  await expect(page.getByText('1 dòng')).toBeVisible();
  expect(await findings(page)).toEqual([]);
});

test('a file is looked at row by row, and only what is right is taken when somebody says so', async ({ page }) => {
  await page.getByRole('button', { name: 'Nhập từ tệp' }).click();
  const dialog = page.getByRole('dialog');
  const text =
    '\ufeffMã NV;Họ và tên;Loại;Nhóm;Thẻ;Biển số;Lương\n' +
    'NV 2;Trần Thị Hai;người;worker;04A1FF02;;9\n' +
    'NV 3;Lê Văn Ba;người;tho;04A1FF03;;9\n' +
    'x-9;Xe trùng;xe;worker;;22C-123.45;9\n';
  await dialog.getByLabel('Tệp').setInputFiles({
    name: 'nhan-vien.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(text),
  });
  await dialog.getByRole('button', { name: 'Xem trước' }).click();
  await expect(dialog.getByText('1 dòng mới, 0 dòng sửa, 0 dòng đã có, 2 dòng không nhận')).toBeVisible();
  await expect(dialog.getByText('Cột không dùng: Lương')).toBeVisible();
  await expect(dialog.getByRole('row').filter({ hasText: 'Lê Văn Ba' })).toContainText('không có nhóm “tho”');
  await expect(dialog.getByRole('row').filter({ hasText: 'Xe trùng' })).toContainText('đã có ở');
  expect(await findings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Nhận 1 dòng' }).click();
  await expect(page.getByText('Đã nhận 1 dòng vào bản nháp.')).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'nv-2' })).toContainText('Trần Thị Hai');
  await expect(page.getByRole('row').filter({ hasText: 'Lê Văn Ba' })).toHaveCount(0);
});

test('hours are changed by a form, and who could pass is answered with every check', async ({ page }) => {
  const ask = async (lane: string, who: string, at: string) => {
    await page.getByRole('textbox', { name: 'Mã trong danh sách' }).fill(who);
    await page.getByLabel('Làn').selectOption(lane);
    await page.getByLabel('Lúc').fill(at);
    await page.getByLabel('Mục đích').fill('kiểm tra quy tắc mới');
    await page.getByRole('button', { name: 'Hỏi' }).click();
  };
  const answer = page.getByRole('region', { name: 'Trả lời' });
  await page.getByRole('tab', { name: 'Ai qua được?' }).click();
  await page.getByRole('radio', { name: 'Mã trong danh sách' }).check();
  await ask('vehicle-in', 'x-1', '2026-11-23T03:00');
  await expect(answer).toContainText('Cho qua');
  await expect(answer.getByRole('row').filter({ hasText: 'Bị cấm?' })).toContainText('đạt');
  expect(await findings(page)).toEqual([]);

  await page.getByRole('tab', { name: 'Danh sách' }).click();
  await page.getByRole('button', { name: 'Sửa Trần Thị Hai' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Nhóm').selectOption('visitor');
  await dialog.getByLabel('Đến hết ngày').fill('31/12/2099');
  await dialog.getByRole('button', { name: 'Lưu' }).click();
  await expect(dialog).toHaveCount(0);

  await page.getByRole('tab', { name: 'Ai qua được?' }).click();
  await page.getByRole('radio', { name: 'Mã trong danh sách' }).check();
  await ask('vehicle-in', 'nv-2', '2026-11-23T20:30');
  await expect(answer).toContainText('Từ chối');
  await expect(answer).toContainText('Ngoài giờ cho phép');

  await page.getByRole('tab', { name: 'Khung giờ' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'working-hours' }).first()).toContainText('vehicle-in');
  expect(await findings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Sửa working-hours' }).click();
  await dialog.getByLabel('Giờ', { exact: true }).fill('25:00-26:00');
  await dialog.getByRole('button', { name: 'Lưu' }).click();
  await expect(dialog.getByRole('alert')).toContainText('25:00-26:00');
  await dialog.getByLabel('Giờ', { exact: true }).fill('06:00-12:00, 13:00-21:00');
  await dialog.getByRole('button', { name: 'Lưu' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText('06:00-12:00, 13:00-21:00')).toBeVisible();

  await page.getByRole('tab', { name: 'Ai qua được?' }).click();
  await page.getByRole('radio', { name: 'Mã trong danh sách' }).check();
  await ask('vehicle-in', 'nv-2', '2026-11-23T20:30');
  await expect(answer).toContainText('Cho qua');
  await expect(answer).toContainText('visitors-by-day');
});

test('what was changed is in the history, is published, and an earlier version is taken back', async ({ page }) => {
  await page.getByRole('tab', { name: 'Lịch sử' }).click();
  const newest = page.getByRole('list', { name: 'Lịch sử' }).getByRole('listitem').first();
  await expect(newest).toContainText('access.toml');
  await expect(newest).toContainText(account.name);
  await newest.getByText('access.toml').click();
  await expect(newest).toContainText('13:00-21:00');
  expect(await findings(page)).toEqual([]);

  const dialog = page.getByRole('dialog');
  await page.getByRole('tab', { name: 'Ban hành' }).click();
  await page.getByRole('button', { name: 'Ban hành bản nháp' }).click();
  await dialog.getByRole('button', { name: 'Ban hành bản nháp' }).click();
  await expect(page.getByText('Đã ban hành bản 1.')).toBeVisible();
  await expect(page.getByText('Giống bản đã ban hành', { exact: true })).toBeVisible();

  await page.getByRole('tab', { name: 'Danh sách' }).click();
  await page.getByRole('button', { name: 'Xóa Xe nâng' }).click();
  await dialog.getByRole('button', { name: 'Xóa' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Xe nâng' })).toHaveCount(0);
  await expect(page.getByText('Có thay đổi chưa ban hành')).toBeVisible();
  await page.getByRole('tab', { name: 'Ban hành' }).click();
  await page.getByRole('button', { name: 'Lấy làm bản nháp' }).click();
  await dialog.getByRole('button', { name: 'Lấy làm bản nháp' }).click();
  await expect(page.getByText('Giống bản đã ban hành', { exact: true })).toBeVisible();
  await page.getByRole('tab', { name: 'Danh sách' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Xe nâng' })).toHaveCount(1);
  expect(await findings(page)).toEqual([]);

  await page.getByRole('tab', { name: 'Tài liệu' }).click();
  await page.getByRole('button', { name: 'Sửa access.toml' }).click();
  const area = dialog.getByLabel('Nội dung');
  await area.fill(`${await area.inputValue()}\nsai_ten = 1\n`);
  await dialog.getByRole('button', { name: 'Lưu' }).click();
  await expect(page.getByText('1 lỗi trong bản nháp')).toBeVisible();
  await page.getByRole('tab', { name: 'Ban hành' }).click();
  await expect(page.getByRole('list', { name: 'Lỗi' })).toContainText('sai_ten');
  await expect(page.getByRole('button', { name: 'Ban hành bản nháp' })).toBeDisabled();
});
