// The page: a model is picked, loaded, talked with.

import { load } from './dreamer.js';
import { Conversation, stream } from './page/conversation.js';
import * as device from './page/device.js';
import { announce, find, make } from './page/dom.js';
import { bytes, count, rate } from './page/format.js';
import * as panel from './page/panel.js';
import * as picker from './page/picker.js';
import { Progress } from './page/progress.js';
import * as settings from './page/settings.js';
import * as transcript from './page/transcript.js';
import * as trouble from './page/trouble.js';

let conversation = new Conversation();
let model = null; // the one that is loaded
let choice = null; // what was picked last
let loading = null; // AbortController of what is being loaded
let answering = null; // AbortController of what is being answered

settings.restore();
panel.start();
picker.start(open);
device.show().catch(e => trouble.show(e));
showState();

// open loads a model in place of the one that there is.
async function open(picked) {
  if (!settings.valid()) return;
  panel.close();
  loading?.abort();
  answering?.abort();
  const mine = loading = new AbortController();
  choice = picked;
  trouble.clear();
  const progress = new Progress(picked.name, () => mine.abort());
  try {
    await close();
    const loaded = await load(await picked.source(mine.signal), {
      ...settings.loading(), signal: mine.signal, onProgress: report => { if (loading === mine) progress.update(report); },
    });
    if (mine.signal.aborted) { // as it was done
      await loaded.close();
      return;
    }
    model = loaded;
    picker.mark(picked);
    announce(`${picked.name} is ready`);
    find('message').focus();
  } catch (e) {
    if (!mine.signal.aborted) trouble.show(e, { label: 'Try again', run: () => open(picked) });
  } finally {
    if (loading === mine) {
      loading = null;
      progress.end();
    }
    picker.showKept();
    showState();
  }
}

async function close() {
  const old = model;
  model = null;
  picker.mark(null);
  showState();
  await old?.close();
}

// send asks what the user wrote.
function send(text) {
  if (!model || answering || text.trim() === '' || !settings.valid()) return;
  find('message').value = '';
  conversation.ask(text);
  transcript.question(text);
  answer();
}

async function answer() {
  const mine = answering = new AbortController();
  const speaker = model, chat = conversation;
  const shown = new transcript.Answer();
  trouble.clear();
  showState();
  announce('The model is answering');
  let last;
  try {
    for await (const part of stream(speaker, chat, settings.answers(), mine.signal)) {
      shown.add(part.text);
      last = part;
    }
    explain(shown, last, speaker);
    announce('The answer is complete');
  } catch (e) {
    if (mine.signal.aborted) shown.note('stopped');
    else fail(e);
  }
  answering = null;
  if (chat === conversation) conclude(shown);
  showState();
}

// explain says how an answer went.
function explain(shown, { finish, usage, timings, forgotten }, { info }) {
  if (finish === 'length') shown.note(usage.total_tokens >= info.context ? 'cut: the context is full' : 'cut at the most tokens');
  if (forgotten > 0) shown.note(forgotten > 1 ? `the oldest ${forgotten} turns are forgotten` : 'the oldest turn is forgotten');
  const known = usage.prompt_tokens_details.cached_tokens;
  find('speed').textContent = [
    `${usage.completion_tokens} tokens`,
    ...timings.decode_per_second > 0 ? [rate(timings.decode_per_second)] : [],
    `prompt ${usage.prompt_tokens}${known > 0 ? ` (${known} known)` : ''}`,
    `first token after ${(timings.first_token_ms / 1000).toFixed(1)} s`,
  ].join(' · ');
}

// conclude keeps an answer, whole or in part. Of one that never began, the
// question goes back to be sent again.
function conclude(shown) {
  if (shown.text === '') {
    shown.remove();
    const { content } = conversation.retract();
    transcript.takeBack();
    find('message').value ||= content;
    return;
  }
  conversation.answer(shown.text);
  shown.finish(() => {
    if (!model || answering || !settings.valid()) return;
    shown.remove();
    conversation.retract();
    answer();
  });
}

// fail tells of an error while answering. What lost its device, or broke down,
// has to be loaded again.
function fail(e) {
  if (e.code !== 'device-lost' && e.code !== 'crashed') {
    trouble.show(e);
    return;
  }
  const again = choice;
  trouble.show(e, { label: 'Load the model again', run: () => open(again) });
  close();
}

function newChat() {
  answering?.abort();
  conversation = new Conversation();
  transcript.clear();
  trouble.clear();
  find('speed').textContent = '';
  find('message').focus();
  showState();
}

// showState shows what there is, and what can be done.
function showState() {
  const empty = conversation.length === 0;
  find('new-chat').disabled = empty;
  find('welcome').hidden = !empty || model !== null;
  find('ready').hidden = !empty || model === null;
  find('send').hidden = answering !== null;
  find('send').disabled = model === null;
  find('stop').hidden = answering === null;
  showModel();
  showSuggestions(model && empty ? choice.prompts ?? [] : []);
  showMemory();
}

function showModel() {
  find('model-name').textContent = loading ? 'loading…' : 'no model yet';
  find('message').placeholder = 'Choose a model first';
  document.title = 'dreamer';
  if (!model) return;
  const { name, architecture, parameters, weightBytes, context, template } = model.info;
  find('model-name').textContent = `${name} · ${count(parameters)} weights`;
  find('message').placeholder = template ? 'Write a message' : 'Write a text for the model to go on with';
  document.title = `${name} – dreamer`;
  find('ready').replaceChildren(
    make('h2', {}, `${name} is ready`),
    make('p', {}, `${architecture} · ${bytes(weightBytes)} of weights · a context of ${context} tokens`));
}

function showSuggestions(prompts) {
  find('suggestions').hidden = prompts.length === 0;
  find('suggestions').replaceChildren(...prompts.map(text => make('button', { type: 'button', onclick: () => send(text) }, text)));
}

async function showMemory() {
  find('memory').textContent = '';
  const asked = model;
  const used = await asked?.memory().catch(() => {}); // of a model that is being closed
  if (!used || asked !== model) return;
  const { now, peak } = used.gpu;
  find('memory').textContent = `GPU ${bytes(now)}${peak > now ? ` (at most ${bytes(peak)})` : ''} · worker ${bytes(used.wasm)}`;
}

find('composer').onsubmit = e => {
  e.preventDefault();
  send(find('message').value);
};
find('message').onkeydown = e => {
  if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
  e.preventDefault();
  send(find('message').value);
};
addEventListener('keydown', e => {
  if (e.key === 'Escape') answering?.abort();
});
find('stop').onclick = () => answering?.abort();
find('new-chat').onclick = newChat;
