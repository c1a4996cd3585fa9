// What went wrong, and what can be done about it.

import { find, make } from './dom.js';

const texts = {
  'no-webgpu': ['This browser has no WebGPU', missing],
  'out-of-memory': ['There is not enough GPU memory', () => 'A smaller model, fewer bits a weight, a shorter context or the cache type q8_0 (under Loading) take less. If the GPU has more than 4 GiB, raise the GPU memory there.'],
  'device-lost': ['The GPU went away', () => 'Its driver was restarted, the machine slept, or another program took its memory. The conversation is still here.'],
  'bad-file': ['This file cannot be read', () => 'It may be cut or damaged: compare its size with the original, or fetch it again.'],
  'unsupported': ['This is not supported', () => ''],
  'bad-request': ['A setting makes no sense', () => ''],
  'too-long': ['The message is too long', () => 'It needs more tokens than the model’s context has. Shorten it, or load the model with a longer context (under Loading).'],
  'no-range': ['The server sends whole files only', () => 'Tick “Keep it in this browser”, which needs no ranges.'],
  'changed': ['The file on the server has changed', () => 'The part that was held is no longer of use. Load it again.'],
  'quota': ['The browser’s storage is full', () => 'Delete models that are kept, or untick “Keep it in this browser”.'],
  'network': ['The server cannot be reached', () => 'It may be down, or not let pages of this address read the file (CORS). A download that broke off goes on from where it was.'],
  'busy': ['Another page uses this model', () => 'Close it there first.'],
  'not-found': ['This model is no longer kept', () => ''],
  'crashed': ['The engine broke down', () => 'This is a defect of ours. Loading the model again helps for now.'],
};

function missing() {
  if (!isSecureContext) return 'Browsers offer it only to pages that come by https or from this machine (127.0.0.1).';
  return 'Chrome and Edge have it from version 113, Safari from 26, Firefox from 141 (on Windows). Where graphics are switched off or blocked, or on Linux, chrome://flags/#enable-unsafe-webgpu may help.';
}

// show tells of an error. action, if given, is {label, run}: what may help.
export function show(error, action) {
  const [title, advice] = texts[error.code] ?? ['Something went wrong', () => ''];
  const box = find('trouble');
  const dismiss = make('button', { type: 'button', className: 'plain', onclick: clear }, 'Dismiss');
  box.replaceChildren(
    make('h3', {}, title),
    make('p', {}, advice()),
    make('p', { className: 'detail' }, error.message),
    make('div', { className: 'actions' }, ...action ? [make('button', { type: 'button', onclick: () => { clear(); action.run(); } }, action.label)] : [], dismiss),
  );
}

export function clear() {
  find('trouble').replaceChildren();
}
