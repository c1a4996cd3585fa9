#!/usr/bin/env node
// Takes the screenshots of the page in docs/: node web/test/screenshots.mjs

import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { serve } from './serve.mjs';

const here = path => fileURLToPath(new URL(path, import.meta.url));

const server = await serve(here('../../bin/web'));
const browser = await launch();
for (const colorScheme of ['light', 'dark']) {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(120_000);
  await page.goto(server.url);
  await page.click('summary:text("Sampling")');
  await page.fill('#temperature', '0');
  await page.click('#start');
  for (const text of ['Tell me a story about a fox who lost a key.', 'What did Minnie lose?']) {
    await page.waitForSelector('#send:enabled');
    await page.fill('#message', text);
    await page.press('#message', 'Enter');
    await page.waitForSelector('#stop', { state: 'hidden' });
  }
  await page.evaluate(() => document.getElementById('panel').scrollTo(0, 0));
  await page.screenshot({ path: here(`../../docs/page-${colorScheme}.png`) });
  await page.close();
}
await browser.close();
await server.close();
