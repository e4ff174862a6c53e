import { address, administrator, type Caller, everywhere, made, signedIn } from '../hub';
import { expect, LANGUAGES, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });

let admin: Caller;
test.beforeAll(async () => {
  admin = await signedIn(address(), administrator());
});
test.afterAll(async () => admin.end());

const WORDS = {
  vi: {
    pages: 'Các trang',
    offered: [/^Trực tiếp$/, /^Số liệu$/, /^Cảnh báo/, /^Thiết bị$/, /^Báo cáo$/, /^Màn hình lớn$/],
    title: 'Bạn chưa có quyền xem phần này',
    roles: 'Vai trò của bạn: Người xem.',
    missing: {
      '/search': 'xem biển số',
      '/desk': 'xem quyết định ở làn',
      '/admin': 'xem tài khoản',
      '/plates/0': 'xem biển số',
    },
    live: 'Trực tiếp',
  },
  en: {
    pages: 'Pages',
    offered: [/^Live$/, /^Counts$/, /^Alerts/, /^Nodes$/, /^Reports$/, /^Wall display$/],
    title: 'You may not see this',
    roles: 'Your roles: Viewer.',
    missing: {
      '/search': 'see plates',
      '/desk': 'see what was decided at lanes',
      '/admin': 'see accounts',
      '/plates/0': 'see plates',
    },
    live: 'Live',
  },
};

for (const language of LANGUAGES) {
  test(`a viewer is offered what he may see, and told what the rest takes (${language})`, async ({ page }) => {
    const words = WORDS[language];
    const viewer = await made(admin, everywhere('viewer'), language);
    const refused: string[] = [];
    page.on('response', (answer) => {
      if (answer.status() === 403) refused.push(answer.url());
    });
    await page.goto(`/?lang=${language}`);
    await signIn(page, viewer);
    const pages = page.getByRole('navigation', { name: words.pages }).getByRole('link');
    await expect(pages).toHaveText(words.offered);
    await expect(page.locator('.feed-row').first()).toBeVisible();
    for (const [path, missing] of Object.entries(words.missing)) {
      await page.goto(path);
      await expect(page.getByText(words.title), path).toBeVisible();
      await expect(page.locator('.state'), path).toContainText(missing);
      await expect(page.locator('.state'), path).toContainText(words.roles);
    }
    await page.getByRole('link', { name: words.live, exact: true }).click();
    await expect(page.getByRole('heading', { name: 'main-gate' })).toBeVisible();
    // What he may not see was not asked for either.
    expect(refused).toEqual([]);
  });
}

test('who sees one site is shown that one only', async ({ page }) => {
  const elsewhere = await made(admin, [{ role: 'viewer', sites: ['no-such-site'] }], 'en');
  await page.goto('/?lang=en');
  await signIn(page, elsewhere);
  await expect(page.locator('.link-mark')).toHaveAttribute('data-state', 'live');
  await expect(page.getByText('main-gate')).toHaveCount(0);
});
