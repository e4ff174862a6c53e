// Takes pictures of every page: `make screenshots`.
import { defineConfig } from '@playwright/test';
import tests from './playwright.config';

export default defineConfig({ ...tests, testDir: './pictures', projects: [{ name: 'pictures' }] });
