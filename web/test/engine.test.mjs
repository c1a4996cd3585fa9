// The engine in a page: what bin/web holds, with the story model, on a GPU in
// software. A load takes seconds, most of them to compile, so the tests go on from one
// another.

import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, visit } from './browser.mjs';
import { processorTime } from './processes.mjs';
import { serve } from './serve.mjs';

const web = new URL('../../bin/web', import.meta.url).pathname;
const storyModel = join(web, 'tale-2m-q4_0.gguf');
const reference = JSON.parse(await readFile(new URL('tale-2m-q4_0.json', import.meta.url)));

// The worker, with a way to destroy the GPU's device under it.
const prologue = `
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    new BroadcastChannel('test').onmessage = () => device.destroy();
    return device;
  };
`;

const html = '<!doctype html><title>page</title><link rel="icon" href="data:,"><input type="file">';

let browser, server, folder, page, errors;
let missing; // what the server lacks

before(async () => {
  await stat(join(web, 'dreamer.wasm')).catch(() => assert.fail('there is no bin/web: make web'));
  folder = await mkdtemp(join(tmpdir(), 'engine-test-'));
  server = await serve(web, async (request, response, path) => {
    if (path === '/') response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
    else if (path === '/worker.js') response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(prologue + await readFile(join(web, 'worker.js')));
    else if (path === missing) response.writeHead(404).end();
    else return false;
    return true;
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  await rm(folder, { recursive: true });
});

// complete asks for an answer in one piece; what fails is {code, message}.
const complete = (request, kind = 'completions') => page.evaluate(async ({ request, kind }) => {
  const completions = kind === 'chat' ? window.model.chat.completions : window.model.completions;
  return completions.create(request).catch(({ code, message }) => ({ code, message }));
}, { request, kind });

// load loads a source, or with 'file' the file that was picked, as window.model.
const load = (source, options = {}) => page.evaluate(async ({ source, options }) => {
  const { load } = await import('./dreamer.js');
  const phases = new Set();
  const progress = { onProgress: ({ phase }) => phases.add(phase) };
  if (source === 'file') [source] = document.querySelector('input').files;
  try {
    window.model = await load(source, { ...options, ...progress });
    return { info: window.model.info, phases: [...phases] };
  } catch ({ code, message }) {
    return { code, message };
  }
}, { source, options });

const story = { prompt: reference[0].prompt, temperature: 0, max_tokens: 16 };
const tellsStory = async () => assert.deepEqual((await complete(story)).choices[0].token_ids, reference[0].tokens.slice(0, 16));

test('the first token comes within seconds of the opening of a page', async t => {
  const before = processorTime();
  ({ page, errors } = await visit(browser, server.url + '/'));
  const { info, phases } = await load('tale-2m-q4_0.gguf');
  const first = await page.evaluate(async request => {
    for await (const part of await window.model.completions.create(request)) return performance.now();
  }, { ...story, stream: true });
  const busy = processorTime() - before;
  t.diagnostic(`after ${(first / 1000).toFixed(1)} s, and ${busy.toFixed(1)} s of processors`);
  // 10 s on two cores that have nothing else to do.
  assert.ok(busy < 20, `${busy} s of processors`);
  assert.deepEqual(phases, ['download', 'compile', 'upload']);
  const { name, architecture, parameters, context, vocabulary, template } = info;
  assert.deepEqual({ name, architecture, parameters, context, vocabulary, template },
    { name: 'tale-2m', architecture: 'llama', parameters: 2623744, context: 512, vocabulary: 1024, template: true });
});

test('the story model gives the reference tokens', async () => {
  for (const { prompt, message, ids, tokens, text } of reference) {
    const answer = prompt
      ? await complete({ prompt, temperature: 0, max_tokens: 64 })
      : await complete({ messages: [{ role: 'user', content: message }], temperature: 0 }, 'chat');
    const [choice] = answer.choices;
    assert.deepEqual(choice.token_ids, tokens);
    assert.equal(choice.text ?? choice.message.content, text);
    assert.equal(choice.finish_reason, prompt ? 'length' : 'stop');
    assert.equal(answer.usage.prompt_tokens, ids.length);
    assert.equal(answer.usage.completion_tokens, tokens.length);
    assert.ok(answer.timings.first_token_ms > 0);
  }
});

test('texts become tokens, and tokens texts', async () => {
  const { prompt, ids } = reference[0];
  assert.deepEqual(await page.evaluate(text => window.model.tokenize(text), prompt), ids.slice(1));
  assert.equal(await page.evaluate(ids => window.model.detokenize(ids), ids), prompt);
});

test('a stream is parts of the same answer', async () => {
  const parts = await page.evaluate(async request => {
    const parts = [];
    for await (const part of await window.model.completions.create(request)) parts.push(part);
    return parts;
  }, { ...story, stream: true });
  const last = parts.pop();
  assert.ok(parts.length > 5, `${parts.length} parts`);
  assert.ok(parts.every(part => part.choices[0].finish_reason === null && !part.usage));
  assert.equal(last.choices[0].finish_reason, 'length');
  assert.deepEqual(last.choices[0].token_ids, reference[0].tokens.slice(0, 16));
  const text = parts.map(part => part.choices[0].text).join('');
  assert.ok(text && reference[0].text.startsWith(text), text);

  const stopped = await complete({ ...story, stop: ['Peter was'] });
  assert.deepEqual([stopped.choices[0].text, stopped.choices[0].finish_reason], [', there was a young boy named Peter. ', 'stop']);
});

test('a stop in the middle leaves the model usable', async () => {
  const stopped = await page.evaluate(async request => {
    const stop = new AbortController();
    let parts = 0;
    try {
      for await (const part of await window.model.completions.create(request, { signal: stop.signal })) {
        if (++parts === 5) stop.abort();
      }
    } catch ({ name, code }) {
      return { name, code, parts };
    }
    return { parts };
  }, { prompt: 'Once upon a time', stream: true });
  assert.equal(stopped.code, 'aborted');
  assert.equal(stopped.name, 'DreamerError');
  await tellsStory();

  // To leave the loop stops it too; what waits comes then.
  await page.evaluate(async request => {
    for await (const part of await window.model.completions.create(request)) break;
  }, { prompt: 'Once upon a time', stream: true });
  await tellsStory();
});

test('what makes no sense is said', async () => {
  for (const [request, kind, code, message] of [
    [{ prompt: 'a', temperature: -1 }, 'completions', 'bad-request', /temperature/],
    [{ prompt: 'a', n: 2 }, 'completions', 'unsupported', /n is not supported/],
    [{ prompt: 3 }, 'completions', 'bad-request', /prompt/],
    [{ messages: [] }, 'chat', 'bad-request', /no messages/],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'chat', 'bad-request', /image_url/],
    [{ prompt: 'a fox and '.repeat(300) }, 'completions', 'too-long', /only \d+ of 512 are free/],
  ]) {
    const answer = await complete(request, kind);
    assert.equal(answer.code, code, JSON.stringify(answer));
    assert.match(answer.message, message);
  }
});

test('ten answers leave the memory as the first does', async () => {
  const memory = () => page.evaluate(() => window.model.memory());
  await tellsStory();
  const first = await memory();
  for (let i = 0; i < 10; i++) await tellsStory();
  const last = await memory();
  assert.deepEqual(last.gpu, first.gpu);
  assert.ok(first.gpu.now > 1 << 20, `${first.gpu.now} bytes`);
  assert.ok(last.wasm < 96 << 20, `${last.wasm} bytes of WebAssembly`);
});

test('a load that is stopped, and one without an engine, are said', async () => {
  const code = await page.evaluate(async () => {
    const { load } = await import('./dreamer.js');
    const stop = new AbortController();
    const onProgress = ({ phase }) => { if (phase === 'compile') stop.abort(); };
    return load('tale-2m-q4_0.gguf', { signal: stop.signal, onProgress }).catch(e => e.code);
  });
  assert.equal(code, 'aborted');
  missing = '/dreamer.wasm';
  const { code: other, message } = await load('tale-2m-q4_0.gguf');
  assert.deepEqual([other, /dreamer.wasm: .* 404/.test(message)], ['network', true], message);
  assert.deepEqual(errors.splice(0).filter(e => !/404/.test(e)), []);
  missing = undefined;
  await tellsStory();
});

test('a device that is lost is said, and a new load works, without the network', async () => {
  const code = page.evaluate(() => window.model.completions.create({ prompt: 'Once upon a time' }).catch(e => e.code));
  await page.evaluate(() => new BroadcastChannel('test').postMessage('destroy'));
  assert.equal(await code, 'device-lost');
  assert.equal((await complete(story)).code, 'device-lost');
  await page.evaluate(() => window.model.close());
  assert.equal((await complete(story)).code, 'aborted');

  const model = { name: 'tale-2m-q4_0.gguf', bytes: 1582016, total: 1582016, complete: true };
  const [{ url, ...kept }] = await page.evaluate(async () => (await import('./dreamer.js')).cached());
  assert.deepEqual(kept, model);
  const asked = [];
  page.on('request', request => { if (request.url().endsWith('.gguf')) asked.push(request.url()); });
  assert.deepEqual((await load({ cached: model.name })).phases, ['compile', 'upload']);
  await tellsStory();
  assert.deepEqual(asked, []);
  const closed = page.evaluate(() => window.model.completions.create({ prompt: 'Once upon a time' }).catch(e => e.code));
  await page.evaluate(() => window.model.close());
  assert.equal(await closed, 'aborted');
});

test('a file of the disk runs in the example page', async () => {
  const path = join(folder, 'picked.gguf');
  await copyFile(storyModel, path);
  missing = '/tale-2m-q4_0.gguf';
  const { page: example } = await visit(browser, server.url + '/example.html');
  const status = text => example.waitForFunction(text => document.getElementById('status').textContent.includes(text), text, { timeout: 120_000 });
  await status('network: ');
  await example.setInputFiles('#file', path);
  await status('is ready');
  await example.fill('#message', 'What is 3 plus 4?');
  await example.click('#send');
  await status('a second');
  missing = undefined;
  assert.match(await example.textContent('#answer'), /\d/);
  await example.close();
});

test('a file that is no model, a damaged one, or of an unknown kind, is said', async () => {
  const bytes = await readFile(storyModel);
  const cut = bytes.subarray(0, bytes.length / 2);
  const spoilt = Buffer.from(bytes);
  spoilt.fill(0xff, 40, 60);
  const foreign = Buffer.from(bytes.toString('latin1').replace('\x05\0\0\0\0\0\0\0llama', '\x05\0\0\0\0\0\0\0whale'), 'latin1');
  for (const [content, message, code = 'bad-file'] of [
    [foreign, /architecture "whale" is not supported/, 'unsupported'],
    [cut, /past the end of the file/],
    [spoilt, /gguf: /],
    [Buffer.from('<!doctype html><p>Sign in'), /HTML page/],
  ]) {
    const path = join(folder, 'damaged.gguf');
    await writeFile(path, content);
    await page.setInputFiles('input', path);
    const refused = await load('file');
    assert.equal(refused.code, code, JSON.stringify(refused));
    assert.match(refused.message, message);
  }
});

test('a model that needs more memory than it may take is said', async () => {
  const refused = await load('tale-2m-q4_0.gguf', { memory: 1 << 20 });
  assert.equal(refused.code, 'out-of-memory');
  assert.match(refused.message, /the limit is 1.0 MiB/);

  const long = await load('tale-2m-q4_0.gguf', { context: 1024 });
  assert.deepEqual(long, { code: 'bad-request', message: 'a context of 1024 tokens: the model has at most 512' });
  assert.deepEqual(errors, []);
});
