// The page with its engine, as `dreamer web DIR` and `dreamer bridge DIR` serve
// them: one visit, from the story model through every source of models.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { after, afterEach, before, test } from 'node:test';
import { launch, visit } from './browser.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tale = join(root, 'runtime/embedded/tale-2m-q4_0.gguf');
const question = 'Tell me a story about a fox who lost a key.';

// What llama.cpp makes of the question, greedily: 64 tokens.
const story = 'Once upon a time, there was a young fox named Minnie. Minnie was very kind. One day, Minnie was playing by the river. '
  + 'She had a red key that she loved very much. But when she looked for it, the key was gone. Minnie looked everywhere, but she could not find it.';

const minutes = 60_000;

// The worker, with a way to destroy the GPU's device under it.
const prologue = `
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    new BroadcastChannel('test').onmessage = () => device.destroy();
    return device;
  };
`;

let folder, web, bridge, browser, page, errors;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-test-'));
  const dreamer = join(folder, 'dreamer');
  execFileSync('go', ['build', '-o', dreamer, './cmd/dreamer'], { cwd: root });
  await copyFile(tale, join(folder, 'tale & fox.gguf'));
  web = await started(dreamer, 'web', '-listen', '127.0.0.1:0', '-dir', join(root, 'bin/web'), folder);
  bridge = await started(dreamer, 'bridge', '-origin', new URL(web.link).origin, folder);
  browser = await launch();
  ({ page, errors } = await visit(browser, web.link));
  page.setDefaultTimeout(2 * minutes);
  await page.route('**/worker.js', async route => {
    const response = await route.fetch();
    await route.fulfill({ response, body: prologue + await response.text() });
  });
});

after(async () => {
  await browser?.close();
  for (const server of [web, bridge]) server?.process.kill('SIGINT');
  await rm(folder, { recursive: true });
});

afterEach(() => assert.deepEqual(errors.splice(0), []));

// started runs a command until it has printed its link.
async function started(dreamer, ...args) {
  const process = spawn(dreamer, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [link] = await Promise.race([
    createInterface(process.stdout)[Symbol.asyncIterator]().next().then(({ value }) => [value]),
    new Promise((_, reject) => process.once('exit', code => reject(new Error(`dreamer ${args[0]} ended with status ${code}`)))),
  ]);
  return { process, link };
}

// ready waits until another model is loaded.
async function ready(pick) {
  await pick();
  await page.waitForSelector('#loading', { state: 'visible' });
  await page.waitForSelector('#loading', { state: 'hidden' });
  assert.equal(await page.locator('#trouble').innerText(), '');
}

async function say(text) {
  await page.fill('#message', text);
  await page.press('#message', 'Enter');
  await page.waitForSelector('#stop', { state: 'hidden' });
  return page.locator('.answer .text').last().innerText();
}

const addsUp = async () => assert.equal(await say('What is 3 plus 4?'), '3 plus 4 is 7.');

test('the story model tells the reference story, and remembers', async () => {
  await page.click('summary:text("Sampling")');
  await page.fill('#temperature', '0');
  await page.fill('[name=max_tokens]', '64');
  await ready(() => page.click('#start'));
  await page.click(`#suggestions >> text=${question}`);
  await page.waitForSelector('.again');
  assert.equal(await page.locator('.answer .text').innerText(), story);
  assert.match(await page.locator('.notes').innerText(), /^cut at the most tokens/);
  assert.match(await page.locator('#speed').innerText(), /^64 tokens · [\d.]+ tok\/s · prompt 21 · first token after [\d.]+ s$/);
  assert.match(await page.locator('#memory').innerText(), /^GPU \d.* MB.* · worker .* MB$/);
  await addsUp();
  assert.match(await page.locator('#speed').innerText(), /prompt \d+ \(\d+ known\)/);
});

test('it stops in the middle, and goes on with the next question', async () => {
  await page.click('#new-chat');
  await page.fill('[name=max_tokens]', '');
  await page.fill('#message', question);
  await page.press('#message', 'Enter');
  await page.waitForFunction(() => document.querySelector('.answer .text')?.innerText);
  await page.click('#stop');
  await page.waitForSelector('.again');
  assert.match(await page.locator('.notes').innerText(), /^stopped/);
  const told = await page.locator('.answer .text').innerText();
  assert.ok(told.length > 0 && told.length < 500 && 'Once upon a time'.startsWith(told.slice(0, 16)), told);
  await addsUp();
});

test('a lost device is told of, and the conversation stays', async () => {
  await page.unroute('**/worker.js'); // Playwright answers preflights itself while there are routes
  await page.evaluate(() => new BroadcastChannel('test').postMessage('destroy'));
  await page.fill('#message', question);
  await page.press('#message', 'Enter');
  await page.waitForSelector('#trouble >> text=The GPU went away');
  await page.waitForSelector('#trouble >> text=Load the model again');
  assert.equal(await page.inputValue('#message'), question);
  assert.equal(await page.locator('.answer').count(), 2);
});

test('a file from disk', async () => {
  await ready(() => page.setInputFiles('#file', tale));
  await addsUp();
});

test('a file that is damaged', async () => {
  const damaged = await readFile(tale);
  await page.setInputFiles('#file', { name: 'cut.gguf', mimeType: '', buffer: damaged.subarray(0, damaged.length / 2) });
  await page.waitForSelector('#trouble >> text=This file cannot be read');
  damaged.fill(0xff, 24, 4096);
  await page.setInputFiles('#file', { name: 'damaged.gguf', mimeType: '', buffer: damaged });
  await page.waitForSelector('#trouble .detail >> text=gguf');
  assert.equal(await page.locator('#send').isEnabled(), false);
});

test('a file of a bridge of its own, of another origin', async () => {
  await page.waitForSelector('#bridge >> text=tale & fox.gguf'); // of the folder that is served with the page
  await page.click('summary:text("From an address")');
  await page.fill('#bridge-link', bridge.link);
  await page.press('#bridge-link', 'Enter');
  await page.waitForFunction(origin => document.querySelector('#bridge [data-key]')?.dataset.key.startsWith(origin), new URL(bridge.link).origin);
  await ready(() => page.click('#bridge >> text=tale & fox.gguf'));
  await addsUp();
  assert.equal(await page.locator('#kept-section').isVisible(), false);
});

test('a file by its address, kept, and read again without the network', async () => {
  const address = new URL(new URL(web.link).hash.replace('#bridge=', ''), web.link).href + 'file/tale%20&%20fox.gguf';
  await page.fill('#url', address);
  await ready(() => page.press('#url', 'Enter'));
  await page.route(address, route => route.abort());
  await ready(() => page.click('#kept >> text=tale'));
  await addsUp();
  await page.click('#story button'); // as what runs is not deleted
  await page.click('#cancel');
  page.once('dialog', dialog => dialog.accept());
  await page.getByLabel('Delete').click();
  await page.waitForSelector('#kept-section', { state: 'hidden' });
});

test('a bridge that is gone is missed', async () => {
  bridge.process.kill('SIGINT');
  const [code] = await new Promise(ended => bridge.process.once('exit', (...how) => ended(how)));
  assert.equal(code, 130);
  await page.reload();
  await page.waitForSelector('#bridge-note >> text=The bridge does not answer');
  assert.match(errors.splice(0).join(), /ERR_CONNECTION_REFUSED/); // the browser's own remark
});
