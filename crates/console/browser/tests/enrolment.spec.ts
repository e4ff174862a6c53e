// Machines are invited at a hub with an authority of its own; the demo's has none.
import { newPassword } from '../hub';
import { hasBroker, OwnHub } from '../own-hub';
import { findings } from './axe';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });

const SITE = 'kcn-demo';
const NODE = 'cong-phu';
const HUB = 'https://hub.example.vn:8443';
const account = { name: 'quan-tri', password: newPassword() };

let hub: OwnHub;
test.beforeAll(async () => {
  test.skip(!hasBroker, 'mosquitto is not installed');
  const authority = `folder = "FOLDER/authority"\nhub_url = "${HUB}"\nbroker = "mqtt.example.vn:8883"`;
  hub = await OwnHub.start('', `[authority]\n${authority}`);
  hub.addNode(SITE, 'cong-chinh');
  await hub.setUp(account, 'en');
});
test.afterAll(async () => hub?.end());

test('a machine is invited by a code that is shown once, and the invitation withdrawn', async ({ page }) => {
  await page.goto(`${hub.address}/nodes?lang=en&site=${SITE}`);
  await signIn(page, account);
  await page.getByRole('tab', { name: 'Invitations' }).click();
  await page.getByLabel('Name of the node').fill(NODE);
  await page.getByLabel('Minutes that the code is good').fill('30');
  await page.getByRole('button', { name: 'Invite a node' }).click();
  await expect(page.locator('.key-once')).toHaveText(
    new RegExp(`^gatehouse-edge enrol --hub ${HUB} --code \\S{16,} --config /etc/gatehouse/edge\\.toml$`),
  );
  expect(await findings(page)).toEqual([]);
  const code = /--code (\S+)/.exec(await page.locator('.key-once').innerText())?.[1] ?? '';
  const row = page.getByRole('list', { name: 'Invitations' }).getByRole('listitem').filter({ hasText: NODE });
  await expect(row).toContainText('Open');
  await page.reload();
  await page.getByRole('tab', { name: 'Invitations' }).click();
  await expect(row).toBeVisible();
  await expect(page.getByText(code)).toHaveCount(0);
  await row.getByRole('button', { name: `Withdraw the invitation of ${NODE}` }).click();
  await expect(row).toContainText('Withdrawn');
  await expect(row.getByRole('button')).toHaveCount(0);
});
