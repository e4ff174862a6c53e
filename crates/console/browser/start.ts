// Before all tests: a demo that has counted, read and decided something. After them: its end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDemo, until } from './demo';

/** Where the demo serves. */
const PORT = Number(process.env.GATEHOUSE_PORT ?? 18_190);

export default async function start(): Promise<() => Promise<void>> {
  const state = mkdtempSync(join(tmpdir(), 'gatehouse-browser-'));
  const demo = await startDemo(PORT, state);
  Object.assign(process.env, {
    GATEHOUSE_ADDRESS: demo.address,
    GATEHOUSE_STATE: state,
    GATEHOUSE_PID: String(demo.pid),
  });
  const some = (path: string, name: string) =>
    until(`an answer of ${path}`, async () => {
      const answer = (await (await fetch(demo.address + path)).json()) as Record<string, unknown[]>;
      return (answer[name]?.length ?? 0) > 0 ? true : null;
    });
  await some('/api/v1/passages', 'passages');
  await some('/api/v1/decisions', 'decisions');
  await some('/api/v1/plates?outcome=read', 'plates');
  return async () => {
    await demo.kill();
    rmSync(state, { recursive: true, force: true });
  };
}
