// Ten thousand results of a search, scrolled through from the first to the last on a processor made four times slower: how
// long each frame takes, and whether what is shown keeps up.
import { randomUUID } from 'node:crypto';
import { address, administrator, signedIn } from '../hub';
import { expect, test } from '../tests/page';
import { between } from './pass-on';

const ROWS = 10_000;
const SLOWER = 4;
/** How far the wheel turns at once, and how often. */
const TURN_PX = 4_000;
const EVERY_MS = 50;
/** Twenty frames a second are the least that looks like movement; other work may hold up one in ten. */
const FRAME_MAX_MS = 50;

declare global {
  interface Window {
    frameMs: number[];
  }
}

test(`${ROWS} results are scrolled through`, async ({ page }) => {
  test.setTimeout(180_000);
  const hub = await signedIn(address(), administrator());
  const { plates: real } = await hub.get<{ plates: Record<string, unknown>[] }>('/api/v1/plates?limit=200');
  await hub.end();
  // Real plates of the hub again and again, each with an identity and a moment of its own.
  const newest = Date.now();
  const server = await between(address(), (asked, answer) => {
    const url = new URL(asked.url ?? '/', 'http://hub');
    if (url.pathname !== '/api/v1/plates') return false;
    const first = Number(url.searchParams.get('before') ?? 0);
    const last = Math.min(first + Number(url.searchParams.get('limit') ?? 100), ROWS);
    const plates = Array.from({ length: last - first }, (_, index) => {
      const at = new Date(newest - (first + index) * 1_000).toISOString();
      return { ...real[(first + index) % real.length], id: randomUUID(), from: at, to: at };
    });
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.end(JSON.stringify({ plates, next: last < ROWS ? String(last) : null, pos: 1 }));
    return true;
  });
  await page.goto(`${server.address}/search?lang=vi`);
  await page.getByLabel('Mục đích tra cứu').fill('đo tốc độ cuộn');
  await page.getByRole('button', { name: 'Tìm' }).click();
  const list = page.locator('.results');
  await expect(list.locator('a.result').first()).toBeVisible();
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  await page.evaluate(() => {
    window.frameMs = [];
    let before = performance.now();
    const frame = (now: number) => {
      window.frameMs.push(now - before);
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await list.hover();
  const began = Date.now();
  const isAtEnd = () =>
    list.evaluate((box, rows) => {
      const items = box.querySelector('ol')?.children.length ?? 0;
      const height = box.querySelector('ol')?.clientHeight ?? 0;
      const row = (box.querySelector('li')?.clientHeight ?? 1) * rows;
      return items > 0 && height >= row && box.scrollTop + box.clientHeight >= box.scrollHeight - 2;
    }, ROWS);
  while (!(await isAtEnd())) {
    await page.mouse.wheel(0, TURN_PX);
    // The wheel itself is what is turned in time.
    await page.waitForTimeout(EVERY_MS);
  }
  const frames = (await page.evaluate(() => window.frameMs)).sort((a, b) => a - b);
  const rows = await list.locator('a.result').count();
  server.end();
  const at = (share: number) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))] ?? 0;
  process.stdout.write(
    `${ROWS} rows in ${((Date.now() - began) / 1_000).toFixed(1)} s, ${frames.length} frames: ${at(0.5).toFixed(0)} ms (half), ` +
      `${at(0.95).toFixed(0)} ms (95 of 100), ${at(1).toFixed(0)} ms at most; ${rows} rows drawn at once\n`,
  );
  expect(rows).toBeLessThan(100);
  expect(at(0.9)).toBeLessThanOrEqual(FRAME_MAX_MS);
});
