// The one-machine program with an empty data folder: hub, broker and page, waiting to be set up.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { needed } from './demo';

const START_MAX_MS = 60_000;

export class OwnHouse {
  private constructor(
    readonly folder: string,
    private program: ChildProcess,
    readonly address: string,
    /** What it printed for whoever makes the first account. */
    readonly code: string,
  ) {}

  static async start(): Promise<OwnHouse> {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-own-house-'));
    const { program, address, code } = await OwnHouse.run(folder);
    return new OwnHouse(folder, program, address, code);
  }

  private static async run(folder: string): Promise<{ program: ChildProcess; address: string; code: string }> {
    const options = ['run', '--data', folder, '--listen', '127.0.0.1:0'];
    const program = spawn(needed('GATEHOUSE_PROGRAM'), options, { stdio: ['ignore', 'pipe', 'ignore'] });
    let [address, code] = ['', ''];
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the program did not start in time')), START_MAX_MS);
      program.once('exit', () => reject(new Error('the program ended before it told its address')));
      if (!program.stdout) return;
      createInterface(program.stdout).on('line', (line) => {
        address = /^Gatehouse: (http:\/\/\S+?)\/?$/.exec(line)?.[1] ?? address;
        code = /^There is no account yet\. .* code (\S+),/.exec(line)?.[1] ?? code;
        // The line behind them.
        if (!line.startsWith('Everything is kept in')) return;
        clearTimeout(timer);
        resolve();
      });
    });
    return { program, address, code };
  }

  /** A file of its folder. */
  file(name: string): { text: string; mode: number } {
    const path = join(this.folder, name);
    return { text: readFileSync(path, 'utf8'), mode: statSync(path).mode & 0o777 };
  }

  async end(): Promise<void> {
    if (this.program.exitCode === null && this.program.signalCode === null) {
      this.program.kill('SIGTERM');
      await once(this.program, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
