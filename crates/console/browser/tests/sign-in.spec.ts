import { address, administrator, type Caller, codeOf, everywhere, made, newName, newPassword, signedIn } from '../hub';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });

let admin: Caller;
test.beforeAll(async () => {
  admin = await signedIn(address(), administrator());
});
test.afterAll(async () => admin.end());

test('a wrong password is refused, and nothing of the console is shown', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'));
  await page.goto('/counts?lang=vi');
  await expect(page.getByRole('navigation')).toHaveCount(0);
  await signIn(page, { ...viewer, password: 'not the password' });
  await expect(page.getByRole('alert')).toHaveText('Tên hoặc mật khẩu không đúng.');
  await expect(page.getByRole('navigation')).toHaveCount(0);

  await signIn(page, viewer);
  await expect(page.getByRole('heading', { name: 'Số liệu', level: 1 })).toBeVisible();
});

test('an account with too many wrong passwords is locked until its password is set again', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'), 'en');
  await page.goto('/?lang=en');
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const refused = page.waitForResponse((answer) => answer.request().method() === 'POST' && answer.status() === 401);
    await signIn(page, { ...viewer, password: 'not the password' });
    await refused;
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeEnabled();
  }
  await signIn(page, viewer);
  await expect(page.getByRole('alert')).toHaveText(
    /^Locked after too many wrong attempts\. Try again in (\d+ sec|1 min)/,
  );

  const password = newPassword();
  await admin.write('POST', `/api/v1/accounts/${viewer.id}/password`, { password });
  await signIn(page, { ...viewer, password });
  await expect(page.getByText('Set a password of your own before you go on.')).toBeVisible();
});

test('who was given a password sets one of his own before anything else', async ({ page }) => {
  const [name, first, own] = [newName('viewer'), newPassword(), newPassword()];
  const grants = everywhere('viewer');
  await admin.write('POST', '/api/v1/accounts', { name, display_name: 'Lê Thu', password: first, grants });
  await page.goto('/?lang=vi');
  await signIn(page, { name, password: first });
  await expect(page.getByRole('heading', { name: 'Lê Thu' })).toBeVisible();
  await expect(page.getByRole('navigation')).toHaveCount(0);
  await page.getByLabel('Mật khẩu hiện tại').fill(first);
  await page.getByLabel('Mật khẩu mới').fill(own);
  await page.getByLabel('Nhập lại mật khẩu').fill(own);
  await page.getByRole('button', { name: 'Đổi mật khẩu' }).click();
  await expect(page.getByRole('navigation', { name: 'Các trang' })).toBeVisible();
});

test('the second factor is asked for, refused when wrong, and lets in when right', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'), 'vi');
  const own = await signedIn(address(), viewer);
  const secret = (await own.write<{ secret: string }>('POST', `/api/v1/accounts/${own.id}/totp`, {}))?.secret ?? '';
  await own.write('POST', `/api/v1/accounts/${own.id}/totp`, { code: codeOf(secret) });
  await own.end();

  await page.goto('/?lang=vi');
  await signIn(page, viewer);
  await expect(page.getByRole('alert')).toHaveText('Nhập thêm mã xác thực.');
  const field = page.getByLabel('Mã xác thực 6 số');
  await expect(field).toBeFocused();
  // Of another hour: six digits, and wrong.
  await field.fill(codeOf(secret, 120));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('Mã xác thực không đúng');
  await expect(field).toHaveValue('');
  // A code is taken once; that of this moment was given when it was set up.
  await field.fill(codeOf(secret, 1));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('navigation', { name: 'Các trang' })).toBeVisible();
});

test('signing in takes the keyboard alone', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'), 'en');
  await page.goto('/?lang=en');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('User name')).toBeFocused();
  await page.keyboard.type(viewer.name);
  await page.keyboard.press('Tab');
  await page.keyboard.type(viewer.password);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeFocused();
  await page.keyboard.press('Space');
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
});

test('the language of the account is that of the page wherever it signs in', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'), 'en');
  await page.goto('/?lang=vi');
  await signIn(page, viewer);
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
});

test('signing out ends the session at the hub as well', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'), 'en');
  await page.goto('/counts?lang=en');
  await signIn(page, viewer);
  await page.getByRole('button', { name: viewer.name }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByText('The session has ended')).toHaveCount(0);
  expect((await page.request.get('/api/v1/session')).status()).toBe(401);
  // Whoever signs in next does not begin where this one left.
  await expect(page).toHaveURL(/:\d+\/$/);
  await page.goto('/counts?lang=en');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByRole('navigation')).toHaveCount(0);
});

test('a session that ends while the page is open leads to the way in, and back to where it was', async ({
  page,
  complaints,
}) => {
  const operator = await made(admin, everywhere('gate_operator'), 'vi');
  await page.goto('/counts?lang=vi&site=demo');
  await signIn(page, operator);
  await expect(page.locator('.link-mark')).toHaveAttribute('data-state', 'live');
  await admin.write('DELETE', `/api/v1/accounts/${operator.id}/sessions`);
  // Nobody touches the page: it finds out by itself.
  await expect(page.getByText('Phiên làm việc đã hết. Đăng nhập lại để tiếp tục.')).toBeVisible({ timeout: 30_000 });
  await signIn(page, operator);
  await expect(page.getByRole('heading', { name: 'Số liệu', level: 1 })).toBeVisible();
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toContain('/counts?');
  expect(page.url()).toContain('site=demo');
  await expect(page.locator('.link-mark')).toHaveAttribute('data-state', 'live');
  // Whatever the page asked for meanwhile was refused, and the browser says so.
  expect(complaints.filter((text) => !/status of 401 .*\/api\/v1\//.test(text))).toEqual([]);
  complaints.length = 0;
});
