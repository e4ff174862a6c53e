// Measures the pages as a slow computer sees them: `make console-measures`.
import { defineConfig } from '@playwright/test';
import tests from './playwright.config';

export default defineConfig({ ...tests, testDir: './measures', projects: [{ name: 'measures' }] });
