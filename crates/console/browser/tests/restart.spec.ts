import { startDemo } from '../demo';
import { expect, test } from './page';

test('pages say that the hub is gone, come back by themselves and show no gap', async ({ page, complaints }) => {
  test.setTimeout(150_000);
  test.skip(!process.env.GATEHOUSE_PID, 'the hub is not ours to kill');
  await page.goto('/?lang=vi');
  await expect(page.locator('.feed time').first()).toBeVisible();
  const [address, state, pid] = [process.env.GATEHOUSE_ADDRESS, process.env.GATEHOUSE_STATE, process.env.GATEHOUSE_PID];
  process.kill(Number(pid), 'SIGKILL');
  await expect(page.getByRole('alert').filter({ hasText: /Mất kết nối|Đang nối lại/ })).toBeVisible();
  // What was there stays in view, with its age.
  await expect(page.getByRole('heading', { name: 'main-gate' })).toBeVisible();

  const demo = await startDemo(Number(new URL(address ?? '').port), state ?? '');
  try {
    // The demo gives its account another password each time it starts.
    await page.getByLabel('Tên đăng nhập').fill(demo.account.name);
    await page.getByLabel('Mật khẩu').fill(demo.account.password);
    await page.getByRole('button', { name: 'Đăng nhập' }).click();
    await expect(page.getByLabel('Mật khẩu')).toHaveCount(0);
    // What was asked with the session of before: the new hub does not know it, and the page shows the sign-in for that.
    const others = complaints.filter((text) => !/status of 401/.test(text));
    complaints.splice(0, complaints.length, ...others);
    await expect(page.locator('.link-mark')).toHaveAttribute('data-state', 'live', { timeout: 30_000 });
    const listed = await (await page.request.get('/api/v1/passages?limit=20')).json();
    const moments = (listed.passages as { at: string }[]).map((passage) => new Date(passage.at).toISOString());
    await page.getByRole('radio', { name: 'Lượt qua', exact: true }).check();
    const shown = await page.locator('.feed time').evaluateAll((all) => all.map((one) => one.getAttribute('datetime')));
    // Newer ones may have come since the list was read; none of those that it has is missing among what is in view.
    const [newest, oldest] = [shown[0] ?? '', shown.at(-1) ?? ''];
    for (const moment of moments.filter((moment) => moment <= newest && moment >= oldest))
      expect(shown).toContain(moment);
  } finally {
    await demo.kill();
  }
});
