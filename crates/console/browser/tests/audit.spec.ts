import { address, administrator, type Caller, everywhere, made, signedIn } from '../hub';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });

let admin: Caller;
test.beforeAll(async () => {
  admin = await signedIn(address(), administrator());
});
test.afterAll(async () => admin.end());

test('a search for a plate stands in the audit log with its purpose, as the auditor reads it', async ({ page }) => {
  const officer = await made(admin, everywhere('case_officer'), 'vi');
  const auditor = await made(admin, everywhere('auditor'), 'vi');
  const purpose = `vụ việc ${officer.name}, bãi xe số 3`;
  await page.goto('/search?lang=vi');
  await signIn(page, officer);
  await page.getByLabel('Biển số').fill('51F-123.45');
  await page.getByLabel('Mục đích tra cứu').fill(purpose);
  const found = page.waitForResponse(/\/api\/v1\/plates\?key=/);
  await page.getByRole('button', { name: 'Tìm' }).click();
  expect((await found).status()).toBe(200);
  await page.getByRole('button', { name: officer.name }).click();
  await page.getByRole('menuitem', { name: 'Đăng xuất' }).click();

  await signIn(page, auditor);
  // The first page that an auditor may open is this one.
  await expect(page).toHaveURL(/\/admin/);
  await page.getByRole('tab', { name: 'Nhật ký truy cập' }).click();
  await page.getByLabel('Về').fill('51F-123.45');
  await page.getByLabel('Việc').fill('GET /api/v1/plates');
  await page.getByRole('button', { name: 'Lọc' }).click();
  const row = page.getByRole('row').filter({ hasText: purpose });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText(officer.name);
  await expect(row).toContainText('51F-123.45');
});

test('the audit log is read page by page, filtered, and its chain is whole', async ({ page }) => {
  const auditor = await made(admin, everywhere('auditor'), 'en');
  const reader = await signedIn(address(), auditor);
  // Reading the log is written down as well: more rows of his than one page holds.
  for (let row = 0; row < 105; row += 1) await reader.get('/api/v1/audit-log?limit=1');
  await reader.end();
  await page.goto('/admin?lang=en');
  await signIn(page, auditor);
  await page.getByRole('tab', { name: 'Audit log' }).click();
  await page.getByLabel('Action').fill('GET /api/v1/audit-log');
  await page.getByRole('button', { name: 'Filter' }).click();
  const rows = page.locator('.table tbody tr');
  await expect(rows).toHaveCount(100);
  await page.getByRole('button', { name: 'Load more' }).click();
  await expect.poll(() => rows.count()).toBeGreaterThan(104);
  for (const action of await page.locator('.table tbody tr td:nth-child(3)').allInnerTexts()) {
    expect(action).toContain('GET /api/v1/audit-log');
  }
  await page.getByLabel('About').fill('nothing has this subject');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page.getByText('No rows')).toBeVisible();

  await page.getByRole('button', { name: 'Check the chain' }).click();
  await expect(page.getByText(/^The chain is whole, [\d,]+ rows\. Its head: /)).toBeVisible();
});
