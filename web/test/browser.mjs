// Chromium, without a window and with WebGPU in software, for tests.

import { chromium } from 'playwright-core';

// launch starts the browser; the caller closes it.
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--enable-unsafe-webgpu', '--disable-quic'],
    chromiumSandbox: process.getuid?.() !== 0, // as root there is none
  });
}

// visit opens a page and collects what goes wrong on it: errors that nobody
// caught, and what is logged as an error.
export async function visit(browser, url) {
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', e => errors.push(String(e)));
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}
