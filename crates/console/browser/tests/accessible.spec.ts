import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type AxeBuilder from 'axe-core';
import { expect, LANGUAGES, test } from './page';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAGES = ['/', '/counts', '/search', '/nodes', '/desk', '/wall'];

declare global {
  interface Window {
    axe: typeof AxeBuilder;
  }
}

for (const theme of ['light', 'dark'] as const) {
  for (const language of LANGUAGES) {
    test(`no page has a serious finding of axe (${theme}, ${language})`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      for (const path of PAGES) {
        await page.goto(`${path}?lang=${language}`);
        await expect(page.locator('main h1').first()).toBeAttached();
        await expect(page.locator('.skeleton')).toHaveCount(0);
        await page.evaluate(axe);
        const found = await page.evaluate(async () => {
          const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
          const results = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } });
          return results.violations
            .filter((one) => one.impact === 'serious' || one.impact === 'critical')
            .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' ; ')}`);
        });
        expect(found, path).toEqual([]);
      }
    });
  }
}
