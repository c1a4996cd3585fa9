// The harness itself: a page is served, opened, has WebGPU, and its errors are seen.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, visit } from './browser.mjs';
import { serve } from './serve.mjs';

let browser, server, folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'web-test-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>');
  await writeFile(join(folder, 'page.js'), `
    console.error('logged');
    window.adapter = await navigator.gpu.requestAdapter();
    window.ready = true;
    throw new Error('thrown');`);
  server = await serve(folder);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  await rm(folder, { recursive: true });
});

test('a page has WebGPU, and its errors are seen', async () => {
  const { page, errors } = await visit(browser, server.url + '/');
  await page.waitForFunction('window.ready');
  assert.equal(await page.evaluate('window.adapter !== null'), true);
  assert.deepEqual(errors, ['logged', 'Error: thrown']);
  await page.close();
});

test('what is no file is not found', async () => {
  assert.equal((await fetch(server.url + '/nosuchfile')).status, 404);
  assert.equal((await fetch(server.url + '/..%2f..%2fetc/passwd')).status, 404);
  assert.equal((await fetch(server.url + '/page.js')).headers.get('content-type'), 'text/javascript; charset=utf-8');
});
