// Tests of the console in Debian's Chromium against a real hub that the real demo feeds.
import { defineConfig } from '@playwright/test';
import { SESSION } from './session-file';

/** A page that takes longer than this to show something has failed. */
const EXPECT_MS = 15_000;
const TEST_MS = 60_000;

export default defineConfig({
  testDir: './tests',
  outputDir: './out/results',
  globalSetup: './start.ts',
  // One hub and one computer: tests that share them go one after the other.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  retries: 0,
  timeout: TEST_MS,
  expect: { timeout: EXPECT_MS },
  reporter: [['list']],
  use: {
    actionTimeout: EXPECT_MS,
    // Set when the demo has started, which is before the tests read it.
    baseURL: process.env.GATEHOUSE_ADDRESS ?? '',
    storageState: SESSION,
    locale: 'vi-VN',
    timezoneId: 'Europe/Paris',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.GATEHOUSE_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    },
  },
  projects: [
    { name: 'desktop', testIgnore: /restart/, use: { viewport: { width: 1440, height: 900 } } },
    {
      name: 'phone',
      // Wrong passwords of one address are counted: those tests run once.
      testIgnore: /restart|keyboard|sign-in|first-run|set-up|elsewhere/,
      use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
    },
    // Last: it kills the hub that the others use.
    {
      name: 'restart',
      testMatch: /restart/,
      dependencies: ['desktop', 'phone'],
      use: { viewport: { width: 1440, height: 900 } },
    },
  ],
});
