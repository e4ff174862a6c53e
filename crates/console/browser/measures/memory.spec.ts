// The live page under 2,000 events a minute: does its memory stay flat, and how late does it show what came?
import { address, administrator, signedIn } from '../hub';
import { expect, test } from '../tests/page';
import { flood } from './flood';

const PER_MINUTE = 2_000;
const MINUTES = Number(process.env.GATEHOUSE_MINUTES ?? 10);
const EVERY_MS = 30_000;
/** What the lists may still take until they are full. */
const WARM_UP_SHARE = 0.3;
/** What the product promises, and what counts as flat. */
const LATE_MAX_MS = 250;
const GROWTH_MAX_BYTES = 3 * 1024 * 1024;

declare global {
  interface Window {
    late: number[];
  }
}

test(`the live page under ${PER_MINUTE} events a minute for ${MINUTES} minutes`, async ({ page }) => {
  test.setTimeout((MINUTES + 2) * 60_000);
  const hub = await signedIn(address(), administrator());
  const stream = await flood(hub, address(), PER_MINUTE);
  await page.goto(`${stream.address}/?lang=vi`);
  await expect(page.locator('.feed time').first()).toBeVisible();
  await page.evaluate(() => {
    window.late = [];
    // An event's moment is when it was sent: how old the newest row is when it is put on the page.
    let newest = '';
    new MutationObserver(() => {
      const shown = document.querySelector('.feed time')?.getAttribute('datetime') ?? '';
      if (shown <= newest) return;
      newest = shown;
      window.late.push(Date.now() - Date.parse(shown));
    }).observe(document.querySelector('.live-feed') ?? document.body, {
      subtree: true,
      childList: true,
      attributes: true,
    });
  });
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  const heap: number[] = [];
  for (let passed = 0; passed < MINUTES * 60_000; passed += EVERY_MS) {
    // Time itself is what is measured.
    await page.waitForTimeout(EVERY_MS);
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { nodes } = await session.send('Memory.getDOMCounters');
    heap.push(usedSize);
    process.stdout.write(
      `${(passed + EVERY_MS) / 1_000} s: heap ${(usedSize / 1024 / 1024).toFixed(1)} MiB, ${nodes} nodes\n`,
    );
  }
  const late = (await page.evaluate(() => window.late)).sort((a, b) => a - b);
  const at = (share: number) => late[Math.min(late.length - 1, Math.floor(late.length * share))] ?? 0;
  const told = stream.told();
  stream.end();
  await hub.end();
  const settled = heap.slice(Math.floor(heap.length * WARM_UP_SHARE));
  const growth = (settled.at(-1) ?? 0) - (settled[0] ?? 0);
  process.stdout.write(
    `${told} events; heap grew by ${(growth / 1024 / 1024).toFixed(1)} MiB after the first ` +
      `${Math.round(MINUTES * WARM_UP_SHARE)} minutes; shown after ${at(0.5)} ms (half), ${at(0.99)} ms (99 of 100)\n`,
  );
  expect(told).toBeGreaterThan(PER_MINUTE * MINUTES * 0.9);
  expect(growth).toBeLessThan(GROWTH_MAX_BYTES);
  expect(at(0.5)).toBeLessThanOrEqual(LATE_MAX_MS);
});
