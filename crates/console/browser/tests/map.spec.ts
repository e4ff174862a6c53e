import { deflateSync } from 'node:zlib';
import { address, administrator, type Caller, signedIn } from '../hub';
import { findings } from './axe';
import { expect, test } from './page';

test.describe.configure({ mode: 'serial' });

const SITE = 'demo';
let admin: Caller;
test.beforeAll(async () => {
  admin = await signedIn(address(), administrator());
  // Nothing is said of its gates yet.
  await admin.write('PUT', `/api/v1/sites/${SITE}/plan/gates`, { gates: [] });
});
test.afterAll(async () => admin.end());

/** A grey picture. */
function png(width: number, height: number): Buffer {
  const piece = (name: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(width, 0xcc)]);
  const rows = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([start, piece('IHDR', head), piece('IDAT', rows), piece('IEND', Buffer.alloc(0))]);
}

function crc(bytes: Buffer): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb8_8320 : 0);
  }
  return (sum ^ 0xffff_ffff) >>> 0;
}

interface Places {
  sites: {
    site: string;
    plan: object | null;
    gates: { gate: string; x: number | null; person_max: number | null }[];
  }[];
}

test('a site is put on the map, gets a plan, and its gates stand where somebody put them', async ({ page }) => {
  await page.goto(`/?lang=vi&site=${SITE}`);
  const map = page.getByRole('region', { name: 'Bản đồ' });
  await map.getByRole('button', { name: 'Đặt bản đồ' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Vĩ độ').fill('21,3227');
  await dialog.getByLabel('Kinh độ').fill('105,4019');
  await dialog.getByRole('button', { name: 'Lưu' }).first().click();
  await expect(dialog.getByText('Đã lưu.')).toBeVisible();
  await dialog.getByLabel('Tệp ảnh').setInputFiles({
    name: 'x.png',
    mimeType: 'image/png',
    buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  });
  await dialog.getByRole('button', { name: 'Tải lên' }).click();
  await expect(dialog.getByRole('alert')).toContainText('PNG, JPEG and WebP');
  await dialog.getByLabel('Tệp ảnh').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: png(640, 400) });
  await dialog.getByRole('button', { name: 'Tải lên' }).click();
  await dialog.getByRole('button', { name: 'Đặt main-gate lên mặt bằng' }).click();
  const pin = dialog.getByRole('button', { name: /^main-gate: / });
  await pin.focus();
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('ArrowUp');
  await expect(pin).toHaveAccessibleName('main-gate: 60 % từ trái, 50 % từ trên');
  await pin.scrollIntoViewIfNeeded();
  const from = await pin.boundingBox();
  if (!from) throw new Error('the gate is not on the plan');
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x - 60, from.y + from.height / 2, { steps: 4 });
  await page.mouse.up();
  await expect(pin).not.toHaveAccessibleName(/60 %/);
  await dialog.getByLabel('Tối đa người (main-gate)').fill('1');
  expect(await findings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Lưu' }).last().click();
  await expect(dialog.getByRole('form', { name: 'Cổng trên mặt bằng' }).getByText('Đã lưu.')).toBeVisible();
  const { sites } = await admin.get<Places>('/api/v1/places');
  const gate = sites.find((one) => one.site === SITE)?.gates.find((one) => one.gate === 'main-gate');
  expect(gate?.person_max).toBe(1);
  expect(gate?.x).toBeLessThan(0.6);
  await dialog.getByRole('button', { name: 'Đóng' }).click();

  await expect(map.getByRole('img', { name: 'Mặt bằng demo' })).toBeVisible();
  await expect(map.getByRole('img', { name: /main-gate: / })).toBeVisible();
  await expect(map.getByRole('row').filter({ hasText: 'main-gate' })).toContainText('/ 1');
  expect(await findings(page)).toEqual([]);

  await map.getByRole('button', { name: 'Đặt bản đồ' }).click();
  await dialog.getByRole('button', { name: 'Xóa mặt bằng' }).click();
  await dialog.getByRole('button', { name: 'Xóa mặt bằng' }).click();
  await expect(dialog.getByRole('button', { name: 'Xóa mặt bằng' })).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Đóng' }).click();
  // Without a plan the site stands on the grid of coordinates.
  await expect(map.getByRole('region', { name: 'Các điểm trên lưới tọa độ' })).toContainText(SITE);
  expect(await findings(page)).toEqual([]);
});

test('the path of a plate is drawn from stop to stop on the grid, and on the plan of its site', async ({ page }) => {
  const { plates } = await admin.get<{ plates: { display: string | null; gates: string[] }[] }>(
    '/api/v1/plates?outcome=read&limit=1',
  );
  const [plate] = plates;
  const [gate] = plate?.gates ?? [];
  if (!plate?.display || !gate) throw new Error('no plate was read');
  const path = async () => {
    await page.goto('/search?lang=vi');
    await page.getByLabel('Biển số').fill(plate.display ?? '');
    await page.getByLabel('Mục đích tra cứu').fill('vụ việc số 12/2026');
    await page.getByRole('button', { name: 'Tìm' }).click();
    await page.getByRole('radio', { name: 'Hành trình' }).check();
  };
  await path();
  await expect(page.getByRole('region', { name: 'Hành trình trên lưới tọa độ' })).toContainText(`1 · ${SITE}`);
  // Lines that are near each other are told apart.
  const labels = await page.locator('.geo-parallel').filter({ hasText: '° B' }).allTextContents();
  expect(labels.length).toBeGreaterThan(1);
  expect(new Set(labels).size).toBe(labels.length);
  // By the keyboard nearer and back; the texts follow.
  const chart = page.getByRole('region', { name: 'Hành trình trên lưới tọa độ' });
  const lines = async () => (await page.locator('.geo-parallel').allTextContents()).join();
  const before = await lines();
  await chart.focus();
  await page.keyboard.press('+');
  await expect.poll(lines).not.toBe(before);
  await page.getByRole('button', { name: 'Thu nhỏ' }).click();
  await expect.poll(lines).toBe(before);
  // In English the directions have other letters.
  await page.goto('/?lang=en');
  await expect(page.locator('.geo-parallel').first()).toContainText('° N');
  await expect(page.locator('.geo-meridian').first()).toContainText('° E');
  await admin.write('PUT', `/api/v1/sites/${SITE}/plan`, png(640, 400));
  try {
    await admin.write('PUT', `/api/v1/sites/${SITE}/plan/gates`, { gates: [{ gate, x: 0.25, y: 0.5 }] });
    await path();
    await expect(page.getByRole('img', { name: `Mặt bằng ${SITE}` })).toBeVisible();
    await expect(page.getByRole('img', { name: `${gate}: điểm dừng 1` })).toBeVisible();
    await expect(page.locator('.path-stop').first()).toContainText(`1. ${gate}`);
    expect(await findings(page)).toEqual([]);
  } finally {
    await admin.write('PUT', `/api/v1/sites/${SITE}/plan/gates`, { gates: [] });
    await admin.write('DELETE', `/api/v1/sites/${SITE}/plan`);
  }
});
