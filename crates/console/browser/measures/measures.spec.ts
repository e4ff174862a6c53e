// What it costs to open the console: bytes over the wire, the first thing seen, the largest thing seen, and how long a
// click takes. On a processor that is made four times slower and a line of 10 Mbit/s with 40 ms there and back.
import { expect, test } from '@playwright/test';

const SLOWER = 4;
const LINE = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 625_000 };
/** What the product promises. */
const SCRIPT_BYTES_MAX = 300 * 1024;
const FIRST_PAINT_MAX_MS = 2_000;

const PAGES = ['/', '/counts', '/search', '/nodes', '/desk', '/wall'];

for (const path of PAGES) {
  test(`opening ${path}`, async ({ page }) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.setCacheDisabled', { cacheDisabled: true });
    await session.send('Network.emulateNetworkConditions', LINE);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    await page.addInitScript(() => {
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) Object.assign(window, { largest: entry.startTime });
      }).observe({ type: 'largest-contentful-paint', buffered: true });
    });
    await page.goto(path);
    await page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('.skeleton'));
    const seen = await page.evaluate(() => {
      const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
      const sent = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
      const scripts = sent.filter((one) => one.name.endsWith('.js'));
      const sum = (all: PerformanceResourceTiming[]) => all.reduce((total, one) => total + one.transferSize, 0);
      return {
        paint: Math.round(paint),
        largest: Math.round((window as unknown as { largest?: number }).largest ?? 0),
        before: sum(scripts.filter((one) => one.startTime < paint)),
        scripts: sum(scripts),
        styles: sum(sent.filter((one) => one.name.endsWith('.css'))),
      };
    });
    let click = 0;
    const menu = page.getByRole('banner').getByRole('button');
    if (path !== '/wall') {
      const began = Date.now();
      await menu.click();
      await page.getByRole('menu').waitFor();
      click = Date.now() - began;
    }
    const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
    process.stdout.write(
      `${path.padEnd(9)} script before first paint ${kib(seen.before)}, script ${kib(seen.scripts)}, style ${kib(seen.styles)}, ` +
        `first paint ${seen.paint} ms, largest ${seen.largest} ms, menu opens in ${click} ms\n`,
    );
    expect(seen.before).toBeLessThanOrEqual(SCRIPT_BYTES_MAX);
    expect(seen.paint).toBeLessThanOrEqual(FIRST_PAINT_MAX_MS);
  });
}
