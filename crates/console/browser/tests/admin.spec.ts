import { address, administrator, type Caller, everywhere, made, newName, newPassword, signedIn } from '../hub';
import { expect, test } from './page';

let admin: Caller;
test.beforeAll(async () => {
  admin = await signedIn(address(), administrator());
});
test.afterAll(async () => admin.end());

interface Account {
  name: string;
  enabled: boolean;
  must_change_password: boolean;
  grants: { role: string; sites: string[] }[];
}

test('an account is added with a role at some sites, changed, disabled, and its password set again', async ({
  page,
}) => {
  const [name, first, again] = [newName('nguoi-moi'), newPassword(), newPassword()];
  await page.goto('/admin?lang=vi');
  await page.getByRole('button', { name: 'Thêm tài khoản' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Tên đăng nhập').fill(name);
  await dialog.getByLabel('Họ và tên').fill('Phạm Văn Mới');
  await dialog.getByLabel('Mật khẩu ban đầu').fill(first);
  await dialog.getByRole('button', { name: 'Thêm tài khoản' }).click();
  await expect(dialog.getByText('Chọn ít nhất một vai trò.')).toBeVisible();
  await dialog.getByRole('checkbox', { name: /^Người xem/ }).check();
  await dialog.getByRole('checkbox', { name: /^Bảo vệ trực cổng/ }).check();
  await dialog.getByLabel('Bảo vệ trực cổng ở đâu').fill('cao-nguyen, demo');
  await dialog.getByRole('button', { name: 'Thêm tài khoản' }).click();
  await expect(dialog).toHaveCount(0);

  const row = page.getByRole('listitem').filter({ hasText: name });
  await expect(row).toContainText('Người xem, Bảo vệ trực cổng (cao-nguyen, demo)');
  await expect(row).toContainText('Phải đổi mật khẩu');
  const account = async () => {
    const { accounts } = await admin.get<{ accounts: Account[] }>('/api/v1/accounts?limit=500');
    return accounts.find((one) => one.name === name);
  };
  const grants = [
    { role: 'viewer', sites: ['*'] },
    { role: 'gate_operator', sites: ['cao-nguyen', 'demo'] },
  ];
  const sorted = (given: Account['grants'] = []) => given.map((one) => ({ ...one, sites: [...one.sites].sort() }));
  expect(sorted((await account())?.grants)).toEqual(grants);

  // Changing the name leaves each role where it holds.
  await row.getByRole('button', { name: `Sửa ${name}` }).click();
  await dialog.getByLabel('Họ và tên').fill('Phạm Văn Cũ');
  await dialog.getByRole('button', { name: 'Lưu' }).click();
  await expect(row).toContainText('Phạm Văn Cũ');
  expect(sorted((await account())?.grants)).toEqual(grants);

  await row.getByRole('button', { name: `Sửa ${name}` }).click();
  await dialog.getByRole('button', { name: 'Khóa tài khoản' }).click();
  await expect(row).toContainText('Đã khóa');
  await expect(signedIn(address(), { name, password: first })).rejects.toThrow('disabled');

  await row.getByRole('button', { name: `Sửa ${name}` }).click();
  await dialog.getByRole('button', { name: 'Mở lại' }).click();
  await expect(row).toContainText('Đang dùng');
  await row.getByRole('button', { name: `Sửa ${name}` }).click();
  await dialog.getByLabel('Mật khẩu ban đầu').fill(again);
  await dialog.getByRole('button', { name: 'Đặt lại mật khẩu' }).click();
  await expect(dialog).toHaveCount(0);
  await (await signedIn(address(), { name, password: again })).end();
});

test('an account that wrong passwords have locked is opened again, and its address forgiven', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'));
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await expect(signedIn(address(), { ...viewer, password: 'not the password' })).rejects.toThrow('password_wrong');
  }
  await expect(signedIn(address(), viewer)).rejects.toThrow('locked');
  await page.goto('/admin?lang=vi');
  const row = page.getByRole('listitem').filter({ hasText: viewer.name });
  await expect(row).toContainText('Tạm khóa đến');
  await row.getByRole('button', { name: `Sửa ${viewer.name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cho thử lại ngay' }).click();
  await expect(row).not.toContainText('Tạm khóa đến');
  await (await signedIn(address(), viewer)).end();
});

test("what the hub refuses of an account is said in the reader's language", async ({ page }) => {
  const there = await made(admin, everywhere('viewer'));
  await page.goto('/admin?lang=vi');
  await page.getByRole('button', { name: 'Thêm tài khoản' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Tên đăng nhập').fill(there.name);
  await dialog.getByLabel('Họ và tên').fill('Trùng Tên');
  await dialog.getByLabel('Mật khẩu ban đầu').fill(newPassword());
  await dialog.getByRole('checkbox', { name: /^Người xem/ }).check();
  await dialog.getByRole('button', { name: 'Thêm tài khoản' }).click();
  await expect(dialog.getByRole('alert')).toHaveText('Tên này đã có người dùng.');
  await dialog.getByRole('checkbox', { name: /^Kiểm toán viên/ }).check();
  await dialog.getByLabel('Tên đăng nhập').fill(newName('hai-vai'));
  await dialog.getByRole('button', { name: 'Thêm tài khoản' }).click();
  await expect(dialog.getByRole('alert')).toContainText('kiểm toán viên không giữ vai trò khác');
});

test('nobody is offered to change his own rights', async ({ page }) => {
  const { name } = administrator();
  await page.goto('/admin?lang=en');
  await page.getByRole('button', { name: `Change ${name}`, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Another security administrator changes what you may do yourself.')).toBeVisible();
  await expect(dialog.getByRole('checkbox')).toHaveCount(0);
  await expect(dialog.getByRole('button', { name: 'Disable' })).toHaveCount(0);
});

test('a key is made, shown once, opens what it may, and nothing once it is taken back', async ({
  page,
  playwright,
}) => {
  const name = newName('bang-dien-tu');
  await page.goto('/admin?lang=en');
  await page.getByRole('tab', { name: 'Keys for programs' }).click();
  await page.getByRole('button', { name: 'Make a key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What it is for').fill(name);
  await dialog.getByRole('checkbox', { name: /^Viewer/ }).check();
  await expect(dialog.getByRole('checkbox', { name: /^Security administrator/ })).toHaveCount(0);
  await dialog.getByLabel('Expires').fill('2099-12-31');
  await dialog.getByRole('button', { name: 'Make a key' }).click();
  const key = await dialog.locator('.key-once').innerText();
  expect(key).toMatch(/^gh_/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  const row = page.getByRole('listitem').filter({ hasText: name });
  await expect(row).toContainText('31/12/2099');
  await expect(page.getByText(key)).toHaveCount(0);

  const program = await playwright.request.newContext({
    baseURL: address(),
    extraHTTPHeaders: { authorization: `Bearer ${key}` },
    storageState: { cookies: [], origins: [] },
  });
  expect((await program.get('/api/v1/gates')).status()).toBe(200);
  expect((await program.get('/api/v1/plates')).status()).toBe(403);
  await row.getByRole('button', { name: `Take ${name} back` }).click();
  await dialog.getByRole('button', { name: 'Take back' }).click();
  await expect(row).toContainText('Taken back');
  await expect(row.getByRole('button')).toHaveCount(0);
  expect((await program.get('/api/v1/gates')).status()).toBe(401);
  await program.dispose();
});
