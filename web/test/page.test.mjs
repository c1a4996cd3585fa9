// The page by itself, with an engine that is none (fake-dreamer.js): what people
// see, press and hear.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { send, serve } from './serve.mjs';

const here = path => fileURLToPath(new URL(path, import.meta.url));

let browser, server;

before(async () => {
  server = await serve(here('..'), async (request, response, path) => {
    const instead = { '/dreamer.js': ['.', 'fake-dreamer.js'], '/tale-2m-q4_0.gguf': ['../../runtime/embedded', path] }[path];
    if (instead) await send(response, here(instead[0]), instead[1]);
    return Boolean(instead);
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

// open opens the page, runs f with it, and checks that nothing went wrong unseen.
async function open({ path = '/', ...options }, f) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const errors = [];
  page.on('pageerror', e => errors.push(String(e)));
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text());
  });
  try {
    await page.goto(server.url + path);
    await f(page);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}

const file = name => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from('GGUF') });

// start loads a model of a name.
async function start(page, name = 'model.gguf') {
  await page.setInputFiles('#file', file(name));
  await page.waitForSelector('#send:enabled');
}

// say sends a message and waits for the end of the answer, which it returns.
async function say(page, text) {
  await page.fill('#message', text);
  await page.press('#message', 'Enter');
  await settled(page);
  return page.locator('.answer .text').last().innerText();
}

async function settled(page) {
  await page.waitForSelector('#stop', { state: 'hidden' });
}

test('the story model is one click away, and its suggestions another', () => open({}, async page => {
  await page.click('#start');
  await page.click('text=What is 3 plus 4?');
  await settled(page);
  assert.equal(await page.locator('.answer .text').innerText(), '1: What is 3 plus 4?');
  assert.equal(await page.locator('#suggestions').isVisible(), false);
  assert.equal(await page.locator('#speed').innerText(), '6 tokens · 12.3 tok/s · prompt 17 · first token after 0.1 s');
  assert.equal(await page.locator('#memory').innerText(), 'GPU 12.0 MB (at most 13.0 MB) · worker 40.0 MB');
  assert.equal(await page.locator('#story button').getAttribute('aria-current'), 'true');
  assert.equal(await page.locator('#announcer').innerText(), 'The answer is complete');
  assert.equal(await page.locator('#transcript').getAttribute('aria-busy'), 'false');
}));

test('answers are text, lists and code, and never HTML', () => open({}, async page => {
  await start(page);
  await say(page, 'A **bold** word, `a < b`, 2 * 3 * 4:\n# Head\n- one\n- *two*\n\n7. seven\n```js\nlet **x**;\n\n# no heading\n```\n<img src=x onerror="window.hacked = true"> </p>');
  const html = await page.locator('.answer .text').innerHTML();
  assert.equal(html, '<p>1: A <strong>bold</strong> word, <code>a &lt; b</code>, 2 * 3 * 4:</p><p class="heading">Head</p><ul><li>one</li><li><em>two</em></li></ul>'
    + '<ol start="7"><li>seven</li></ol><pre tabindex="0"><code>let **x**;\n\n# no heading</code></pre><p>&lt;img src=x onerror="window.hacked = true"&gt; &lt;/p&gt;</p>');
  assert.equal(await page.evaluate('window.hacked'), undefined);
}));

test('an answer is stopped by button or key, and given again', () => open({}, async page => {
  await start(page);
  for (const stop of [() => page.click('#stop'), () => page.keyboard.press('Escape')]) {
    await page.fill('#message', 'here it goes slow slow slow slow slow slow slow slow slow slow');
    await page.press('#message', 'Enter');
    await page.waitForFunction(() => [...document.querySelectorAll('.answer .text')].at(-1)?.innerText.includes('goes'));
    await stop();
    await settled(page);
    assert.match(await page.locator('.answer .notes').last().innerText(), /^stopped/);
  }
  assert.equal(await say(page, 'then'), '5: then');
  await page.click('text=Try again');
  await settled(page);
  assert.equal(await page.locator('.answer').count(), 3);
  const { messages } = await page.evaluate('requests.at(-1)');
  assert.deepEqual(messages.map(m => m.role), ['user', 'assistant', 'user', 'assistant', 'user']);
  assert.match(messages[1].content, /^1: here it goes/); // a part of an answer is an answer
}));

test('what is stopped before its first word can be sent again', () => open({}, async page => {
  await start(page);
  await page.fill('#message', 'a question');
  await page.evaluate(() => { // in one go, before anything comes
    document.getElementById('composer').requestSubmit();
    document.getElementById('stop').click();
  });
  await settled(page);
  assert.equal(await page.inputValue('#message'), 'a question');
  assert.equal(await page.locator('article').count(), 0);
}));

test('a conversation that outgrows the context loses its oldest turns; a message that cannot fit comes back', () => open({}, async page => {
  await start(page);
  await say(page, 'x'.repeat(200));
  assert.equal(await say(page, 'y'.repeat(200)), '1: ' + 'y'.repeat(200));
  assert.match(await page.locator('.notes').last().innerText(), /the oldest turn is forgotten/);
  await page.fill('#message', 'z'.repeat(600));
  await page.press('#message', 'Enter');
  await page.waitForSelector('#trouble >> text=The message is too long');
  assert.equal(await page.inputValue('#message'), 'z'.repeat(600));
  assert.equal(await say(page, 'w'), '3: w'); // the other turns are still there
}));

test('where little room is left, half of the turns are forgotten', () => open({}, async page => {
  await start(page);
  await say(page, 'x'.repeat(230));
  assert.equal(await say(page, 'y'), '3: y');
  assert.equal(await say(page, 'z'), '3: z');
  assert.match(await page.locator('.notes').last().innerText(), /the oldest turn is forgotten/);
}));

test('a new chat begins with nothing, even in the middle of an answer', () => open({}, async page => {
  await start(page);
  await say(page, 'one');
  await page.fill('#message', 'slow slow slow slow slow slow');
  await page.press('#message', 'Enter');
  await page.click('#new-chat');
  await settled(page);
  assert.equal(await page.locator('article').count(), 0);
  assert.equal(await say(page, 'two'), '1: two');
}));

test('a model without a template goes on with a text', () => open({}, async page => {
  await start(page, 'bare.gguf');
  assert.equal(await say(page, 'Once upon'), '1: Once upon');
}));

test('errors say what can be done', () => open({}, async page => {
  for (const [name, title, detail] of [
    ['damaged.gguf', 'This file cannot be read', 'ends behind the end of the file'],
    ['huge.gguf', 'There is not enough GPU memory', '4 GiB may be used'],
  ]) {
    await page.setInputFiles('#file', file(name));
    const trouble = page.getByRole('alert').filter({ hasText: title });
    await trouble.waitFor();
    assert.match(await trouble.innerText(), new RegExp(detail));
    assert.equal(await page.locator('#loading').isVisible(), false);
    assert.equal(await page.locator('#send').isEnabled(), false);
  }
  await page.click('text=Dismiss');
  assert.equal(await page.locator('#trouble').isVisible(), false);
}));

test('a lost device costs the model, not the conversation', () => open({}, async page => {
  await start(page, 'lost.gguf');
  await page.fill('#message', 'a question');
  await page.press('#message', 'Enter');
  await page.waitForSelector('#trouble >> text=The GPU went away');
  assert.equal(await page.locator('#send').isEnabled(), false);
  assert.equal(await page.inputValue('#message'), 'a question');
  await page.click('text=Load the model again');
  await page.waitForSelector('#send:enabled');
  assert.equal(await page.evaluate('loads.length'), 2);
}));

test('a browser without WebGPU is told so', () => open({ path: '/?nothing' }, async page => {
  await page.waitForSelector('#trouble >> text=This browser has no WebGPU');
  await page.click('#device summary');
  assert.equal(await page.locator('#device-report').innerText(), 'navigator.gpu is not there');
}));

test('loading shows bytes and time left, and is cancelled', () => open({}, async page => {
  await page.setInputFiles('#file', file('slow.gguf'));
  await page.waitForFunction(() => /^\d+\.\d MB of 100 MB · \d+\.\d MB\/s · \d s left$/.test(document.getElementById('loading-figures').textContent));
  assert.match(await page.locator('#loading-what').innerText(), /^Loading onto the GPU$/);
  await page.click('#cancel');
  await page.waitForSelector('#loading', { state: 'hidden' });
  assert.equal(await page.locator('#trouble').isVisible(), false);
  assert.equal(await page.locator('#send').isEnabled(), false);
  await page.setInputFiles('#file', file('slow.gguf'));
  await start(page, 'other.gguf'); // in its place
  assert.match(await page.locator('#model-name').innerText(), /^other.gguf/);
}));

test('settings are used, kept, and checked', () => open({}, async page => {
  for (const summary of ['Sampling', 'Loading']) await page.click(`summary:text("${summary}")`);
  await page.fill('#system', 'Be terse.');
  await page.fill('#temperature', '0');
  await page.fill('[name=seed]', '7');
  await page.fill('[name=max_tokens]', '99');
  await page.fill('[name=context]', '256');
  await page.fill('[name=memory]', '1.5');
  await page.selectOption('[name=kv]', 'q8_0');
  await page.reload();
  await start(page);
  await say(page, 'hello');
  assert.deepEqual(await page.evaluate('loads[0].options'), { context: 256, kv: 'q8_0', memory: 1.5 * 2 ** 30 });
  assert.deepEqual(await page.evaluate('requests[0]'), {
    messages: [{ role: 'system', content: 'Be terse.' }, { role: 'user', content: 'hello' }],
    temperature: 0, top_p: 0.95, top_k: 40, seed: 7, max_tokens: 99, stream: true,
  });
  await page.click('summary:text("Sampling")');
  await page.fill('[name=top_k]', '-3');
  await page.click('summary:text("Sampling")'); // out of sight
  await page.fill('#message', 'again');
  await page.press('#message', 'Enter');
  assert.equal(await page.evaluate('requests.length'), 1);
  assert.equal(await page.evaluate('document.activeElement.name'), 'top_k');
}));

test('kept models have sizes, go on where they stopped, and are deleted', () => open({}, async page => {
  assert.deepEqual((await page.locator('#kept li').allInnerTexts()).map(t => t.replaceAll(/\s+/g, ' ')),
    ['whole.gguf 670 MB ×', 'half.gguf 1.2 GB 350 MB so far: load to go on ×']);
  assert.equal(await page.locator('#storage').innerText(), '1.0 GB in use of 60.0 GB that this page may store.');
  for (const name of ['whole.gguf', 'half.gguf']) {
    await page.click(`#kept >> text=${name}`);
    await page.waitForSelector('#send:enabled');
  }
  assert.deepEqual(await page.evaluate('loads.map(l => l.source)'), [{ cached: 'whole.gguf' }, { url: 'https://models.example/half.gguf', name: 'half.gguf' }]);
  page.once('dialog', dialog => dialog.dismiss());
  await page.getByLabel('Delete whole.gguf').click();
  assert.equal(await page.locator('#kept li').count(), 2);
  page.once('dialog', dialog => dialog.accept());
  await page.getByLabel('Delete whole.gguf').click();
  await page.waitForFunction(() => document.querySelectorAll('#kept li').length === 1);
}));

test('an address is loaded, and kept if that is wanted', () => open({}, async page => {
  await page.click('summary:text("From an address")');
  for (const keep of [true, false]) {
    await page.fill('#url', 'https://models.example/a/some.gguf?download=true');
    await page.setChecked('#keep', keep);
    await page.press('#url', 'Enter');
    await page.waitForSelector('#send:enabled');
  }
  const source = { url: 'https://models.example/a/some.gguf?download=true', name: 'some.gguf' };
  assert.deepEqual(await page.evaluate('loads.map(l => l.source)'), [source, { ...source, cache: false }]);
}));

test('a file is dropped', () => open({}, async page => {
  const data = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['GGUF'], 'dropped.gguf'));
    return transfer;
  });
  await page.dispatchEvent('#message', 'dragover', { dataTransfer: data });
  await page.waitForSelector('#drop', { state: 'visible' });
  await page.dispatchEvent('#message', 'drop', { dataTransfer: data });
  await page.waitForSelector('#send:enabled');
  assert.equal(await page.locator('#drop').isVisible(), false);
  assert.equal(await page.evaluate('loads[0].source'), 'dropped.gguf');
}));

test('by keyboard alone', () => open({ viewport: { width: 420, height: 700 } }, async page => {
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the message');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'message');
  await page.focus('#menu');
  await page.keyboard.press('Enter');
  assert.equal(await page.getAttribute('#menu', 'aria-expanded'), 'true');
  await page.keyboard.press('Tab');
  assert.match(await focused(), /^Tale/); // New chat has nothing to do yet
  await page.keyboard.press('Escape');
  assert.equal(await page.getAttribute('#menu', 'aria-expanded'), 'false');
  assert.equal(await focused(), 'menu');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#send:enabled');
  assert.equal(await focused(), 'message'); // ready to write
  await page.keyboard.type('one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  await settled(page);
  assert.equal(await page.evaluate('requests[0].messages[0].content'), 'one\ntwo');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'send');
}));

test('nothing is cut off on a narrow screen', () => open({ viewport: { width: 320, height: 600 } }, async page => {
  const overflow = () => page.evaluate(() => [...document.querySelectorAll('body *')]
    .filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.unseen, .skip, pre, svg') && e.getBoundingClientRect().right > innerWidth + 0.5)
    .map(e => e.id || e.className || e.tagName));
  assert.deepEqual(await overflow(), []);
  assert.equal(await page.locator('#open-file').isVisible(), false);
  await page.click('#menu');
  for (const summary of await page.locator('summary').all()) await summary.click();
  assert.deepEqual(await overflow(), []);
  await page.click('#menu');
  await start(page, `${'long-name-'.repeat(8)}.gguf`);
  await say(page, 'word'.repeat(40) + '\n```\n' + 'code '.repeat(40) + '\n```');
  assert.deepEqual(await overflow(), []);
}));

test('people with assistive technology find no barriers, by day and by night', async () => {
  const axe = await readFile(here('node_modules/axe-core/axe.min.js'), 'utf8');
  const check = async page => {
    await page.waitForTimeout(300); // transitions of colours
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run({ resultTypes: ['violations'] }));
    return violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ')}`);
  };
  for (const colorScheme of ['light', 'dark']) {
    await open({ colorScheme }, async page => {
      for (const summary of await page.locator('summary').all()) await summary.click();
      assert.deepEqual(await check(page), []);
      await page.setInputFiles('#file', file('damaged.gguf'));
      await page.waitForSelector('#trouble h3');
      assert.deepEqual(await check(page), []);
      await start(page);
      await say(page, 'Some `code`, **bold**:\n- item\n```\ncode\n```');
      assert.deepEqual(await check(page), []);
    });
  }
  await open({ viewport: { width: 390, height: 780 } }, async page => {
    await page.click('#menu');
    assert.deepEqual(await check(page), []);
  });
});
