// How the page is built: hashed names, one piece per page of the console, every text file compressed beforehand.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin, type ResolvedConfig } from 'vite';

/** Files smaller than this fit into one packet anyway. */
const WORTH_BYTES = 1_024;
const TEXT = /\.(html|js|css|svg|webmanifest|txt)$/;

/** Writes `FILE.br` and `FILE.gz` beside each text file. */
function compressed(): Plugin {
  let config: ResolvedConfig;
  const visit = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) {
        visit(path);
        continue;
      }
      if (!TEXT.test(name)) continue;
      const plain = readFileSync(path);
      if (plain.length < WORTH_BYTES) continue;
      const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
      writeFileSync(`${path}.br`, brotliCompressSync(plain, { params: quality }));
      writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
    }
  };
  return {
    name: 'compressed',
    apply: 'build',
    configResolved: (resolved) => {
      config = resolved;
    },
    closeBundle: () => visit(resolve(config.root, config.build.outDir)),
  };
}

/** A hub that is running, for `npm run dev` and for `npm run preview`, which serves what was built. */
const hub = process.env.GATEHOUSE_HUB ?? 'http://127.0.0.1:8080';
const proxy = { '/api': hub, '/readyz': hub, '/healthz': hub, '/plain': hub, '/assets': hub };

export default defineConfig({
  root: 'web',
  cacheDir: '../node_modules/.vite',
  esbuild: { jsx: 'automatic' },
  build: {
    target: 'es2022',
    assetsDir: 'console',
    // What is inlined as a data: address would be refused by the hub's policy for scripts, and is for pictures no gain.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      // Hashes without dashes, so that a name is split at the last one.
      output: { hashCharacters: 'base36' },
      // Packages mark parts for servers and browsers; here all is for browsers.
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  plugins: [compressed()],
  server: { port: 5173, proxy },
  preview: { port: 5174, proxy },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
} as import('vitest/config').ViteUserConfig);
