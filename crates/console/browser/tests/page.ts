// What the tests share: a page that fails its test when the browser complains, and the two languages.
import { test as base, expect } from '@playwright/test';

/**
 * What is told and is no mistake of the page: a hub without accounts, alerts or reports says that it has none, and what
 * somebody typed may be refused.
 */
const ALLOWED = [/\/api\/v1\/(session|setup|alerts|reports)/, /status of 400 .*\/api\/v1\/plates/, /net::ERR_/];

export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ page }, use) => {
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
