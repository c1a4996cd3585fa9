// Where weights come from, without an engine: a server that is unreliable in every way,
// the browser's storage, and files.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { launch } from './browser.mjs';
import { FileServer } from './fileserver.mjs';
import { serve } from './serve.mjs';

const size = 3 << 20;
const content = randomBytes(size);

// The page opens sources in a worker, as the engine does.
const pages = {
  '/': ['text/html', '<!doctype html><title>sources</title><link rel="icon" href="data:,"><input type="file"><script type="module" src="/page.js"></script>'],
  '/page.js': ['text/javascript', `
    import * as store from '/source/store.js';
    const worker = new Worker('/test-worker.js', { type: 'module' });
    const ask = (message, events) => new Promise(resolve => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => data.event ? events.push(data.event) : resolve(data);
      worker.postMessage(message, [port2]);
    });
    window.store = store;
    window.open_ = async source => {
      const progress = window.progress = [];
      return { ...await ask({ open: source }, progress), progress };
    };
    window.openFile = () => window.open_(document.querySelector('input').files[0]);
    window.read = (offset, length) => ask({ read: [offset, length] });
    window.abort = () => worker.postMessage({ abort: true });`],
  '/test-worker.js': ['text/javascript', `
    import { open } from '/source/open.js';
    let source, controller;
    onmessage = async ({ data, ports: [port] }) => {
      if (data.abort) return controller.abort();
      try {
        if (data.open) {
          controller = new AbortController();
          source = await open(data.open, event => port.postMessage({ event }), controller.signal);
          port.postMessage({ name: source.name, size: source.size });
        } else {
          port.postMessage({ bytes: [...await source.read(...data.read)] });
        }
      } catch (e) {
        port.postMessage({ code: e.code ?? e.name, message: e.message });
      }
    };`],
};

let browser, server, files, page;

before(async () => {
  files = new FileServer(content);
  server = await serve(new URL('..', import.meta.url).pathname, async (request, response, path) => {
    if (path.startsWith('/model/')) return files.answer(request, response);
    if (!pages[path]) return false;
    response.writeHead(200, { 'Content-Type': pages[path][0] }).end(pages[path][1]);
    return true;
  });
  browser = await launch();
  page = await openPage(await browser.newContext());
});

after(async () => {
  await browser?.close();
  await server?.close();
});

beforeEach(async () => {
  files.reset();
  await page.evaluate(async () => {
    window.progress = [];
    for (const { name } of await window.store.list()) await window.store.remove(name);
  });
});

async function openPage(context) {
  const page = await context.newPage();
  await page.goto(server.url + '/');
  await page.waitForFunction('window.store');
  return page;
}

const url = () => `${server.url}/model/a%20model.gguf`;
const open = source => page.evaluate(source => window.open_(source), source);
const cached = () => page.evaluate(() => window.store.list());

// holds checks what the source that was opened last reads.
async function holds() {
  for (const [offset, length] of [[0, 100], [size - 7, 7], [size / 2 - 3, 1000]]) {
    const { bytes } = await page.evaluate(part => window.read(...part), [offset, length]);
    assert.deepEqual(Buffer.from(bytes), content.subarray(offset, offset + length));
  }
}

test('a file is kept, and read again without the network', async () => {
  const opened = await open({ url: url() });
  assert.equal(opened.name, 'a model.gguf');
  assert.equal(opened.size, size);
  assert.deepEqual(opened.progress.at(-1), { done: size, total: size });
  await holds();
  const [model, ...others] = await cached();
  assert.deepEqual(others, []);
  assert.deepEqual([model.name, model.url, model.bytes, model.total, model.complete], ['a model.gguf', url(), size, size, true]);

  const asked = files.requests.length;
  await page.context().setOffline(true);
  assert.equal((await open({ url: url() })).size, size);
  await holds();
  assert.equal((await open({ cached: 'a model.gguf' })).size, size);
  await holds();
  await page.context().setOffline(false);
  assert.equal(files.requests.length, asked);

  const { used } = await page.evaluate(() => window.store.usage());
  assert.ok(used >= size, `${used} bytes used`);
  await page.evaluate(() => window.store.remove('a model.gguf'));
  assert.deepEqual(await cached(), []);
  assert.equal((await open({ cached: 'a model.gguf' })).code, 'not-found');
});

test('two files of one name stay apart', async () => {
  await open({ url: url() });
  const other = await open({ url: url() + '?other' });
  assert.equal(other.name, 'a model.gguf (2)');
  assert.equal((await open({ url: url() })).name, 'a model.gguf');
  assert.equal((await open({ url: url(), name: 'mine' })).name, 'mine');
  assert.deepEqual((await cached()).map(model => model.name), ['a model.gguf', 'a model.gguf (2)', 'mine']);
});

test('connections that break are taken up again', async () => {
  files.cut = 1 << 20;
  assert.equal((await open({ url: url() })).size, size);
  await holds();
  assert.ok(files.requests.length > 2, `${files.requests.length} requests`);
  assert.ok(files.requests.slice(1).every(from => from > 0), `requests from ${files.requests}`);
});

test('what was interrupted goes on from there', async () => {
  files.cut = 1 << 20;
  files.connections = 1;
  const broken = await open({ url: url() });
  assert.equal(broken.code, 'network');
  const [{ bytes, complete }] = await cached();
  assert.equal(complete, false);
  assert.ok(bytes > 0 && bytes <= 1 << 20, `${bytes} bytes held`);

  files.reset();
  const opened = await open({ url: url() });
  assert.deepEqual(opened.progress[0], { done: bytes, total: size });
  assert.deepEqual(files.requests, [bytes]);
  await holds();
});

test('a stop keeps what has come', async () => {
  files.cut = 1 << 20;
  files.stall = true;
  const opening = open({ url: url() });
  await page.waitForFunction(() => window.progress?.at(-1)?.done === 1 << 20);
  await page.evaluate(() => window.abort());
  assert.equal((await opening).code, 'aborted');
  const [{ bytes }] = await cached();
  files.reset();
  await open({ cached: 'a model.gguf' });
  assert.deepEqual(files.requests, [bytes]);
  await holds();
});

test('a file that changed is not mixed with what is held of the old one', async () => {
  files.cut = 1 << 20;
  files.connections = 1;
  await open({ url: url() });
  files.reset();
  files.etag = '"other"';
  const changed = await open({ url: url() });
  assert.equal(changed.code, 'changed');
  assert.deepEqual(await cached(), []);
  assert.equal((await open({ url: url() })).size, size);
  await holds();
});

test('a server without Range begins anew, and says so', async () => {
  files.ranges = false;
  files.cut = 1 << 20;
  files.connections = 1;
  await open({ url: url() });
  files.reset();
  files.ranges = false;
  const opened = await open({ url: url() });
  assert.deepEqual(opened.progress[0], { done: 0, total: size, restarted: true });
  await holds();
});

test('without the cache a file is read in pieces', async () => {
  const opened = await open({ url: url(), cache: false });
  assert.equal(opened.size, size);
  await holds();
  assert.deepEqual(await cached(), []);

  files.fail = 1; // is tried again
  await holds();

  files.etag = '"other"';
  assert.equal((await page.evaluate(() => window.read(0, 10))).code, 'changed');
  files.ranges = false;
  assert.equal((await page.evaluate(() => window.read(0, 10))).code, 'no-range');
  const refused = await open({ url: url(), cache: false });
  assert.equal(refused.code, 'no-range');
  assert.match(refused.message, /ignores Range/);
});

test('a server that refuses, or is not there', async () => {
  files.status = 404;
  const missing = await open({ url: url() });
  assert.equal(missing.code, 'network');
  assert.match(missing.message, /404/);
  const gone = await open({ url: 'http://127.0.0.1:1/model.gguf' });
  assert.equal(gone.code, 'network');
  assert.match(gone.message, /cannot be reached/);
  assert.deepEqual(await cached(), []);
});

// limited opens the file while the browser stores only so many bytes for the page.
async function limited(quotaSize) {
  const client = await page.context().newCDPSession(page);
  await client.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize });
  const opened = await open({ url: url() });
  await client.detach(); // which ends the limit
  return opened;
}

test('a full storage is said before anything is fetched', async () => {
  const full = await limited(2 << 20);
  assert.equal(full.code, 'quota');
  assert.match(full.message, /no room for a model.gguf: it needs 3 MiB more/);
  assert.deepEqual(full.progress, []);
  assert.deepEqual(await cached(), []);
});

test('a storage that fills up', async () => {
  files.sizes = false; // so that it is not known before
  const full = await limited(1 << 20);
  assert.equal(full.code, 'quota');
  assert.match(full.message, /could not be written/);
});

test('one page at a time stores a model', async () => {
  files.cut = 1 << 20;
  files.stall = true;
  const opening = open({ url: url() });
  await page.waitForFunction(() => window.progress?.at(-1)?.done === 1 << 20);
  const other = await openPage(page.context());
  assert.equal((await other.evaluate(url => window.open_({ url }), url())).code, 'busy');
  assert.equal(await other.evaluate(() => window.store.remove('a model.gguf').catch(e => e.code)), 'busy');
  await page.evaluate(() => window.abort());
  await opening;
  await other.close();
});

test('a file of the disk is read in pieces', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'source-test-'));
  const path = join(folder, 'model.gguf');
  await writeFile(path, content);
  await page.locator('input').setInputFiles(path);
  const opened = await page.evaluate(() => window.openFile());
  assert.deepEqual([opened.name, opened.size], ['model.gguf', size]);
  await holds();
  await rm(folder, { recursive: true });
  assert.equal((await page.evaluate(() => window.read(0, 10))).code, 'bad-file');
});
