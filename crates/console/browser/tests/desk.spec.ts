import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type APIRequestContext, type Page, request } from '@playwright/test';
import { newPassword } from '../hub';
import { hasBroker, OwnHub } from '../own-hub';
import { OwnNode } from '../own-node';
import { expect, NOBODY, signIn, test } from './page';

test.use({ storageState: NOBODY });
test.describe.configure({ mode: 'serial' });

const guard = { name: 'lan', password: newPassword() };
const BY = 'Trần Thị Lan (lan)';
/** As long as the hub waits for a silent node, and more. */
const SILENCE_MS = 30_000;

let folder = '';
let hub: OwnHub;
let node: OwnNode;
const key = OwnNode.key();

/** Signs in at the hub's API. */
async function caller(name: string, password: string): Promise<[APIRequestContext, Record<string, string>]> {
  const context = await request.newContext({ baseURL: hub.address });
  const session = await (await context.post('/api/v1/session', { data: { name, password } })).json();
  return [context, { 'x-csrf-token': session.csrf }];
}

test.beforeAll(async () => {
  test.skip(!hasBroker, 'mosquitto is not installed');
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-desk-'));
  // What `gatehouse-hub order-key keygen` makes.
  writeFileSync(join(folder, 'order.key'), randomBytes(32), { mode: 0o600 });
  hub = await OwnHub.start(`[signing]\norder_key_file = "${folder}/order.key"`);
  const admin = { name: 'quan-tri', password: newPassword() };
  const open = await request.newContext({ baseURL: hub.address });
  await open.post('/api/v1/setup', { data: { code: hub.code, ...admin } });
  const [context, headers] = await caller(admin.name, admin.password);
  const first = newPassword();
  const grants = [{ role: 'gate_operator', sites: ['*'] }];
  const account = { name: guard.name, display_name: 'Trần Thị Lan', language: 'vi', password: first, grants };
  const made = await (await context.post('/api/v1/accounts', { headers, data: account })).json();
  const [own, ownHeaders] = await caller(guard.name, first);
  const data = { password: guard.password, current: first };
  await own.post(`/api/v1/accounts/${made.id}/password`, { headers: ownHeaders, data });
  for (const one of [open, context, own]) await one.dispose();
  await hub.command('node', 'add', '--site', 'cao-nguyen', '--node', 'n1', `--key=${key.text}`);
  node = await OwnNode.start(hub.brokerPort, key.secret, 'cao-nguyen', 'n1');
});
test.afterAll(async () => {
  node?.kill();
  await hub?.end();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** The desk, with somebody who waits at the lane. */
async function desk(page: Page, number: string, plate: string): Promise<void> {
  await page.goto(`${hub.address}/desk?lang=vi`);
  await signIn(page, guard);
  await expect(page.locator('.link-mark')).toHaveAttribute('data-state', 'live');
  node.refers('car-in', number, plate);
  await expect(page.getByRole('heading', { name: plate })).toBeVisible();
}

const outcome = (page: Page) => page.getByRole('status').getByTestId('outcome');

test('whoever waits is let in by keyboard alone, and the barrier confirms it', async ({ page }) => {
  node.answer(() => ({ outcome: 'given' }));
  await desk(page, '1.1', '30A12345');
  await expect(page.getByRole('button', { name: /Cho qua, mở/ })).toBeEnabled();
  await page.keyboard.press('F2');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Đã nhận ra, được phép' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(outcome(page)).toHaveAttribute('data-word', 'given');
  const [order] = node.heard;
  expect(node.heard).toHaveLength(1);
  expect(order).toMatchObject({ action: 'permit', answers: '1.1', lane: 'car-in', by: BY, reason: 'Khách có hẹn' });
  node.happened('car-in', 'opened', { cause: 'guard', guard: { name: BY, reason: 'Khách có hẹn' } });
  await expect(outcome(page)).toHaveAttribute('data-word', 'confirmed');
  await expect(outcome(page)).toContainText('Làn đã thực hiện');
  await expect(page.getByRole('region', { name: 'Lệnh vừa ra' })).toContainText('Khách có hẹn');
});

test('a refusal answers who waits, and what the node refuses is told in its words', async ({ page }) => {
  await desk(page, '1.2', '51G67890');
  await page.getByRole('button', { name: /Từ chối/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Không có giấy tờ' }).click();
  await expect(outcome(page)).toHaveAttribute('data-word', 'given');
  expect(node.heard.at(-1)).toMatchObject({ action: 'refuse', answers: '1.2', reason: 'Không có giấy tờ' });
  const guardWord = { name: BY, reason: 'Không có giấy tờ' };
  node.happened('car-in', 'ordered', { cause: 'refuse', decision: '1.2', guard: guardWord });
  // Nobody waits any more: opening is opening now, and there is nobody to refuse.
  await expect(page.getByRole('button', { name: /Từ chối/ })).toBeDisabled();
  node.answer(() => ({ outcome: 'refused', reason: 'the lane is on fire' }));
  await page.keyboard.press('F2');
  const own = page.getByRole('dialog').getByLabel('Lý do khác');
  await own.fill('the mayor');
  await own.press('Enter');
  await expect(outcome(page)).toHaveAttribute('data-word', 'refused');
  await expect(outcome(page)).toContainText('the lane is on fire');
  expect(node.heard.at(-1)).toMatchObject({ action: 'open', reason: 'the mayor' });
});

test('a lane is locked only after a second word, and released the same way', async ({ page }) => {
  node.answer(() => ({ outcome: 'given' }));
  await desk(page, '1.3', '29A11111');
  const before = node.heard.length;
  await page.keyboard.press('F9');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Nguy hiểm tại cổng' }).click();
  await expect(dialog.getByRole('alertdialog')).toContainText('không ai qua được');
  await expect(dialog.getByRole('button', { name: 'Không, để nguyên' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  expect(node.heard).toHaveLength(before);
  await page.keyboard.press('F9');
  await dialog.getByRole('button', { name: 'Nguy hiểm tại cổng' }).click();
  await dialog.getByRole('button', { name: 'Xác nhận: Khóa làn' }).click();
  await expect(outcome(page)).toHaveAttribute('data-word', 'given');
  expect(node.heard.at(-1)).toMatchObject({ action: 'lock_down', lane: 'car-in' });
  node.happened('car-in', 'locked_down', { cause: 'lock-down', guard: { name: BY, reason: 'Nguy hiểm tại cổng' } });
  await expect(page.getByTestId('standing')).toContainText('Đang khóa');
  // Whoever comes to the desk later sees it as well.
  await page.reload();
  await expect(page.getByTestId('standing')).toContainText('Đang khóa');
  await page.getByRole('button', { name: 'Thả về bình thường' }).click();
  await dialog.getByRole('button', { name: 'Đã hết nguy hiểm' }).click();
  await dialog.getByRole('button', { name: /Xác nhận/ }).click();
  await expect(outcome(page)).toHaveAttribute('data-word', 'given');
  node.happened('car-in', 'lock_down_ended', { cause: 'lock-down' });
  await expect(page.getByTestId('standing')).not.toContainText('Đang khóa');
});

test('a silent node is not called open, and help is called without it', async ({ page }) => {
  node.answer(() => null);
  await desk(page, '1.4', '43A22222');
  await page.keyboard.press('F2');
  await page.getByRole('dialog').getByRole('button', { name: 'Giao hàng' }).click();
  await expect(page.getByText('Đang gửi lệnh…')).toBeVisible();
  await expect(outcome(page)).toHaveAttribute('data-word', 'silent', { timeout: SILENCE_MS });
  await expect(outcome(page)).toContainText('có thể đã mở');
  node.kill();
  await expect(page.getByText('Thiết bị của làn này không kết nối')).toBeVisible();
  await expect(page.getByText(/Từ \d/)).toBeVisible();
  await expect(page.getByRole('button', { name: /Cho qua, mở/ })).toBeDisabled();
  await page.keyboard.press('F2');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('F8');
  await page.getByRole('dialog').getByRole('button', { name: 'Có người gây rối' }).click();
  await expect(page.getByText('Đã gọi hỗ trợ')).toBeVisible();
  await expect(page.getByRole('alert').filter({ hasText: 'Bảo vệ gọi hỗ trợ' })).toContainText('Có người gây rối');
});

test('without the hub the buttons are off and say since when', async ({ page }) => {
  await page.goto(`${hub.address}/desk?lang=vi`);
  await signIn(page, guard);
  await expect(page.locator('.link-mark')).toHaveAttribute('data-state', 'live');
  await hub.kill();
  await expect(page.getByText('Mất kết nối tới máy chủ: không ra lệnh được.')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/Từ \d/)).toBeVisible();
  for (const name of [/Cho qua, mở/, /Từ chối/, /Gọi hỗ trợ/]) {
    await expect(page.getByRole('button', { name })).toBeDisabled();
  }
});
