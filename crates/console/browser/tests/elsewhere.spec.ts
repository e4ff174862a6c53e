import { newPassword } from '../hub';
import { hasBroker, OwnHub } from '../own-hub';
import { CLIENT, ProviderSimulator } from '../provider-simulator';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });
test.describe.configure({ mode: 'serial' });

const account = { name: 'quan-tri', password: newPassword() };

let provider: ProviderSimulator;
let hub: OwnHub;
test.beforeAll(async () => {
  test.skip(!hasBroker, 'mosquitto is not installed');
  provider = await ProviderSimulator.start({ preferred_username: 'lan', name: 'Trần Thị Lan', groups: ['guards'] });
  hub = await OwnHub.start(
    (address) => `[login.oidc]
issuer = "${provider.issuer}"
client_id = "${CLIENT}"
redirect_url = "${address}/api/v1/oidc/callback"
label = "VNeID"
[[login.oidc.grant]]
claim = "groups"
values = ["guards"]
role = "viewer"
sites = ["*"]`,
  );
});
test.afterAll(async () => {
  await hub?.end();
});

test('before the first account there is no way in by the provider', async ({ page }) => {
  await page.goto(`${hub.address}/?lang=vi`);
  await expect(page.getByRole('heading', { name: 'Thiết lập lần đầu' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'VNeID' })).toHaveCount(0);
  const data = { code: hub.code, display_name: 'Đỗ Thị Quản Trị', ...account };
  expect((await page.request.post(`${hub.address}/api/v1/setup`, { data })).status()).toBe(201);
});

test('whoever the provider knows is let in and led back to the console', async ({ page }) => {
  await page.goto(`${hub.address}/?lang=en`);
  await page.getByRole('link', { name: 'Sign in with VNeID' }).click();
  await page.getByRole('link', { name: 'Yes' }).click();
  await expect(page.getByRole('button', { name: 'Trần Thị Lan' })).toBeVisible();
  await expect(page).toHaveURL(`${hub.address}/`);
  expect((await page.context().cookies()).map((cookie) => cookie.name)).toEqual(['gatehouse_session']);
});

test('who comes back with what was not begun here is told so, once, and not in words of the address', async ({
  page,
}) => {
  await page.goto(`${hub.address}/api/v1/oidc/callback?code=1&state=2`);
  await expect(page.getByRole('alert')).toContainText('không bắt đầu từ trình duyệt này');
  await expect(page).toHaveURL(`${hub.address}/`);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Đăng nhập' })).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await page.goto(`${hub.address}/?sign_in=call-0900-000-000`);
  await expect(page.getByRole('alert')).toHaveText('Chưa đăng nhập được. Thử lại, hoặc đăng nhập bằng mật khẩu.');
});

test('while the provider is away the page says so, and a password lets in', async ({ page }) => {
  await provider.end();
  // What it publishes is believed for an hour: a hub that begins knows nothing of it.
  await hub.kill();
  await hub.again();
  await page.goto(`${hub.address}/?lang=vi`);
  await page.getByRole('link', { name: 'Đăng nhập bằng VNeID' }).click();
  await expect(page.getByRole('alert')).toContainText('Chưa liên lạc được với nhà cung cấp danh tính');
  await signIn(page, account);
  await expect(page.getByRole('navigation', { name: 'Các trang' })).toBeVisible();
});
