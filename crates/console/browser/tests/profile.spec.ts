import { address, administrator, everywhere, made, signedIn } from '../hub';
import { findings } from './axe';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });

const PROFILE = `# measured on 3 May
profile = 1
name = { vi = "Cổng", en = "Gate" }
kind = "tourist_site"
[[line]]
id = "entrance"
points = [[0.73, 0.0], [0.73, 1.0]]
in = "a_to_b"
only = "in"
`;

test("a node's lines are drawn on its camera's picture, from afar and by the keyboard", async ({ page }, info) => {
  const admin = await signedIn(address(), administrator());
  const chief = await made(admin, everywhere('system_admin', 'gate_operator'), 'en');
  await admin.end();
  // Desktop and phone may run beside each other.
  const path = `profiles/${info.project.name}-${Date.now()}.toml`;
  await page.goto('/rules?lang=en&site=demo');
  await signIn(page, chief);
  await page.getByRole('tab', { name: 'Documents' }).click();
  await page.getByRole('button', { name: 'Add a document' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Path').fill(path);
  await dialog.getByLabel('Text').fill(PROFILE);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: `Draw the lines and zones of ${path}` }).click();

  await expect(dialog.getByRole('button', { name: /^entrance, end 1: 73 % from the left/ })).toBeVisible();
  await dialog.getByLabel("Camera's picture").selectOption({ label: 'demo-node · cam-1' });
  const picture = dialog.getByRole('img', { name: 'Picture to draw on' });
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(768);
  await dialog.getByLabel('Name of the line').fill('main');
  await dialog.getByLabel('Name of the line').blur();
  const end = dialog.getByRole('button', { name: /^main, end 1/ });
  await end.focus();
  await page.keyboard.press('Shift+ArrowLeft');
  await expect(end).toHaveAccessibleName(/68 % from the left, 0 %/);
  expect(await findings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Draw a zone' }).focus();
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('button', { name: /^zone-1, corner 1/ })).toBeFocused();
  // What the hub does not take is said at the shape.
  await dialog.getByLabel('Name of the zone').fill('');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert').first()).toBeVisible();
  await dialog.getByLabel('Name of the zone').fill('hall');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);

  await page.getByRole('button', { name: `Change ${path}` }).click();
  const text = await dialog.getByLabel('Text').inputValue();
  for (const kept of ['# measured on 3 May', 'id = "main"', 'only = "in"', 'id = "hall"', '[0.73, 1.0]']) {
    expect(text).toContain(kept);
  }
  expect(text).not.toContain('[[0.73, 0.0]');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: `Remove ${path}` }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText(path)).toHaveCount(0);
});
