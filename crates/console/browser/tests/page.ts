// What the tests share: a page that fails its test when the browser complains, the two languages, signing in.
import { existsSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import type { Account } from '../demo';

/**
 * What is told and is no mistake of the page: that nobody is signed in, and that what somebody typed is refused.
 */
const ALLOWED = [
  /status of 401 .*\/api\/v1\/(session|setup|stream)/,
  /status of (400|409) .*\/api\/v1\/(plates|accounts|webhooks|nodes\/[a-z-]+\/commissioning|sites\/[a-z-]+\/(watch-entries|policy|plan))/,
  /status of 404 .*\/policy-draft\/access/,
  // A line that cannot be meant.
  /status of 422 .*\/policy-draft\/shapes/,
  // A camera that shows nothing, and a gate that cannot be made.
  /status of 422 .*\/api\/v1\/appliance\/(trials|gates)/,
  // Why a camera shows nothing.
  /status of 50[34] .*\/api\/v1\/cameras\/.*\/live/,
  // A hub without the key for it, as that of the demo.
  /status of 501 .*\/enrolments$/,
  /net::ERR_/,
];

/** A folder with a console that was just built, to be tested instead of the one that the hub holds. */
const BUILT = process.env.GATEHOUSE_CONSOLE;

async function serveBuilt(page: Page, folder: string): Promise<void> {
  await page.route(
    (url) => !/^\/(api|plain|assets|healthz|readyz)\b/.test(url.pathname),
    async (route) => {
      const path = join(folder, normalize(new URL(route.request().url()).pathname));
      if (path !== join(folder, '/') && existsSync(path)) return route.fulfill({ path });
      // The hub's own rules hold for what is tested in its place.
      const own = await route.fetch().catch(() => null);
      if (!own) return route.abort();
      const policy = own.headers()['content-security-policy'] ?? '';
      return route.fulfill({
        path: join(folder, 'index.html'),
        headers: { 'content-type': 'text/html', 'content-security-policy': policy },
      });
    },
  );
}

export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ page }, use) => {
      if (BUILT) await serveBuilt(page, BUILT);
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        const text = `${message.text()} ${message.location().url}`;
        if (message.type() === 'error' && !ALLOWED.some((allowed) => allowed.test(text))) complaints.push(text);
      });
      await use(complaints);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

export const LANGUAGES = ['vi', 'en'] as const;

/** Nobody is signed in at first. */
export const NOBODY = { cookies: [], origins: [] };

/** Types name and password, and goes on with Enter. */
export async function signIn(page: Page, account: Account): Promise<void> {
  await page.getByLabel(/^(Tên đăng nhập|User name)$/).fill(account.name);
  await page.getByLabel(/^(Mật khẩu|Password)$/).fill(account.password);
  await page.keyboard.press('Enter');
}
