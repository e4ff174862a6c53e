import { expect, test } from './page';

test('a plate is found and opened by keyboard alone', async ({ page, request }) => {
  const seen = await (await request.get('/api/v1/plates?outcome=read&limit=1')).json();
  const display = seen.plates[0].display as string;
  const tabTo = async (name: string, max = 60) => {
    for (let step = 0; step < max; step += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const focused = document.activeElement;
        // A list that scrolls can be reached too; its text begins like that of its first row.
        if (focused?.tagName === 'SECTION') return '';
        const label = focused instanceof HTMLInputElement ? focused.labels?.[0]?.textContent : '';
        return `${label ?? ''}|${focused?.getAttribute('aria-label') ?? ''}|${focused?.textContent ?? ''}`;
      });
      if (at.split('|').some((text) => text.trim().startsWith(name))) return;
    }
    throw new Error(`${name} cannot be reached by Tab`);
  };
  await page.goto('/?lang=vi');
  await expect(page.getByRole('heading', { name: 'main-gate' })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Tới nội dung chính' })).toBeFocused();
  await tabTo('Tra cứu');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Tra cứu' })).toBeVisible();
  await tabTo('Biển số');
  await page.keyboard.type(display);
  await tabTo('Mục đích tra cứu');
  await page.keyboard.type('kiểm tra bàn phím');
  await page.keyboard.press('Enter');
  await expect(page.locator('a.result').first()).toBeVisible();
  await tabTo(display);
  const outline = await page.evaluate(() => {
    const focused = document.activeElement;
    return focused ? getComputedStyle(focused).outlineStyle : 'none';
  });
  expect(outline).not.toBe('none');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/plates\//);
});

test('a picture opens and closes by keyboard, and the focus comes back', async ({ page }) => {
  await page.goto('/?lang=vi');
  const picture = page.locator('button.gate-picture').first();
  await picture.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.locator('button.gate-picture:focus')).toHaveCount(1);
});
