import { address, administrator, type Caller, codeOf, everywhere, made, newPassword, signedIn } from '../hub';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });

let admin: Caller;
test.beforeAll(async () => {
  admin = await signedIn(address(), administrator());
});
test.afterAll(async () => admin.end());

test('the own password is changed by who knows the present one', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'), 'vi');
  const next = newPassword();
  await page.goto('/account?lang=vi');
  await signIn(page, viewer);
  const form = page.getByRole('region', { name: 'Mật khẩu' });
  const change = async (current: string, password: string, again: string) => {
    await form.getByLabel('Mật khẩu hiện tại').fill(current);
    await form.getByLabel('Mật khẩu mới').fill(password);
    await form.getByLabel('Nhập lại mật khẩu').fill(again);
    await form.getByRole('button', { name: 'Đổi mật khẩu' }).click();
  };
  await change(viewer.password, next, newPassword());
  await expect(form.getByText('Hai lần nhập chưa giống nhau.')).toBeVisible();
  await change(viewer.password, 'password1234', 'password1234');
  await expect(form.getByRole('alert')).toContainText('quá phổ biến');
  await change(viewer.password, next, next);
  await expect(form.getByText('Đã đổi mật khẩu.')).toBeVisible();
  await (await signedIn(address(), { ...viewer, password: next })).end();
  await expect(signedIn(address(), viewer)).rejects.toThrow('password_wrong');
});

test('name and language are kept with the account', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'), 'vi');
  await page.goto('/account?lang=vi');
  await signIn(page, viewer);
  await page.getByLabel('Họ và tên').fill('Nguyễn Thị Hoa');
  await page.getByLabel('Ngôn ngữ').selectOption('en');
  await page.getByRole('button', { name: 'Lưu' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  const kept = await admin.get<{ display_name: string; language: string }>(`/api/v1/accounts/${viewer.id}`);
  expect(kept).toMatchObject({ display_name: 'Nguyễn Thị Hoa', language: 'en' });
});

test('a second factor is set up with a code that is drawn on the page, and taken away again', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'), 'en');
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(address()) && !request.url().startsWith('data:')) elsewhere.push(request.url());
  });
  await page.goto('/account?lang=en');
  await signIn(page, viewer);
  await page.getByRole('button', { name: 'Set it up' }).click();
  const picture = page.getByRole('img', { name: 'QR code for the authenticator' });
  await expect(picture).toHaveAttribute('src', /^data:image\/svg\+xml/);
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  const secret = await page.locator('#own-totp + form .mono').innerText();
  const digits = page.getByLabel('Six-digit code');
  await digits.fill(codeOf(secret, 120));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('The code is wrong or has expired.')).toBeVisible();
  await digits.fill(codeOf(secret));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('It is on')).toBeVisible();
  await expect(signedIn(address(), viewer)).rejects.toThrow('totp_needed');

  await page.getByRole('button', { name: 'Take the second factor away' }).click();
  await expect(page.getByText('The password alone will then do.')).toBeVisible();
  await page.getByRole('button', { name: 'Take the second factor away' }).click();
  await expect(page.getByRole('button', { name: 'Set it up' })).toBeVisible();
  await (await signedIn(address(), viewer)).end();
  expect(elsewhere).toEqual([]);
});

test('open sessions are listed, and the others ended', async ({ page }) => {
  const viewer = await made(admin, everywhere('viewer'), 'en');
  const other = await signedIn(address(), viewer);
  await page.goto('/account?lang=en');
  await signIn(page, viewer);
  const sessions = page.getByRole('region', { name: 'My sessions' });
  await expect(sessions.getByText('this one')).toHaveCount(1);
  // That in which the account's own password was set has ended.
  await expect(sessions.getByRole('listitem')).toHaveCount(2);
  await sessions.getByRole('button', { name: 'End the other sessions' }).click();
  await expect(sessions.getByRole('listitem')).toHaveCount(1);
  await expect(sessions.getByText('this one')).toBeVisible();
  await expect(other.get('/api/v1/session')).rejects.toThrow('session_over');
  await other.end();
});
