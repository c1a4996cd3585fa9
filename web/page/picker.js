// Where models come from: the story model, files, addresses, a bridge, and what
// the browser keeps.

import { cached, removeCached, storage } from '../dreamer.js';
import { find, make } from './dom.js';
import { bytes } from './format.js';
import * as bridge from './bridge.js';
import * as trouble from './trouble.js';

// A choice is {key, name, source}: key tells it from others, and source is what
// load takes, or a function that returns it.

export const story = {
  key: 'story',
  name: 'Tale',
  about: 'stories and small sums, in simple English',
  prompts: ['Tell me a story about a fox who lost a key.', 'What is 3 plus 4?', 'Hello! Who are you?'],
  // A file, so that the page needs no ranges of whoever serves it, and no storage.
  source: async signal => {
    const name = 'tale-2m-q4_0.gguf';
    const response = await fetch(name, { signal });
    if (!response.ok) throw new Error(`${name}: the server answers ${response.status} ${response.statusText}`);
    return new File([await response.blob()], name);
  },
};

const storyBytes = 1582016;
let pick, current;

// start shows what there is. pick is called with the choice that is made.
export function start(onPick) {
  pick = onPick;
  find('start').onclick = () => pick(story);
  find('open-file').onclick = () => find('file').click();
  find('file').onchange = () => {
    const [file] = find('file').files;
    find('file').value = ''; // so that the same file can be picked again
    if (file) pick(fileChoice(file));
  };
  find('url-form').onsubmit = e => {
    e.preventDefault();
    pick(urlChoice(find('url').value, find('keep').checked));
  };
  find('bridge-form').onsubmit = e => {
    e.preventDefault();
    location.hash = 'bridge=' + find('bridge-link').value;
  };
  addEventListener('hashchange', showBridge);
  acceptDrops();
  find('story').append(row({ choice: story, size: storyBytes, about: story.about }));
  showBridge();
  showKept();
}

// mark shows which choice is loaded; none without one.
export function mark(choice) {
  current = choice?.key;
  for (const button of document.querySelectorAll('.models button[data-key]')) {
    button.ariaCurrent = button.dataset.key === current ? 'true' : null;
  }
}

function fileChoice(file) {
  return { key: 'file ' + file.name, name: file.name, source: () => file };
}

function urlChoice(url, keep) {
  const name = new URL(url).pathname.split('/').at(-1) || url;
  return { key: keep ? 'kept ' + name : url, name, source: () => ({ url, name, ...!keep && { cache: false } }) };
}

function acceptDrops() {
  const holdsFile = e => e.dataTransfer?.types.includes('Files');
  addEventListener('dragover', e => {
    if (!holdsFile(e)) return;
    e.preventDefault();
    document.body.classList.add('dropping');
  });
  addEventListener('dragleave', e => {
    if (!e.relatedTarget) document.body.classList.remove('dropping');
  });
  addEventListener('drop', e => {
    document.body.classList.remove('dropping');
    if (!holdsFile(e)) return;
    e.preventDefault();
    pick(fileChoice(e.dataTransfer.files[0]));
  });
}

async function showBridge() {
  const link = bridge.link(location);
  find('bridge-section').hidden = !link;
  if (!link) return;
  const list = find('bridge'), note = find('bridge-note');
  note.textContent = 'Asking the bridge…';
  try {
    const models = await bridge.models(link);
    list.replaceChildren(...models.map(({ name, bytes, url }) =>
      row({ choice: { key: url, name, source: () => ({ url, name, cache: false }) }, size: bytes })));
    note.textContent = models.length > 0 ? 'Read from disk, without a copy in the browser.' : 'There are no GGUF files in the folder.';
  } catch (e) {
    list.replaceChildren();
    note.textContent = e.message;
  }
}

// showKept lists what the browser's storage holds.
export async function showKept() {
  let models = [], room;
  try {
    [models, room] = await Promise.all([cached(), storage()]);
  } catch { // a browser that keeps nothing, as in some private windows
  }
  find('kept-section').hidden = models.length === 0;
  find('kept').replaceChildren(...models.map(keptRow));
  if (room) find('storage').textContent = `${bytes(room.used)} in use of ${bytes(room.quota)} that this page may store.`;
}

function keptRow({ name, url, bytes: held, total, complete }) {
  const choice = { key: 'kept ' + name, name, source: () => complete ? { cached: name } : { url, name } };
  const remove = make('button', { type: 'button', className: 'plain delete', ariaLabel: `Delete ${name}`, title: 'Delete', onclick: () => confirmed(name) }, '×');
  return row({ choice, size: total || held, about: complete ? '' : `${bytes(held)} so far: load to go on` }, remove);
}

async function confirmed(name) {
  if (!confirm(`Delete ${name} from this browser's storage?`)) return;
  try {
    await removeCached(name);
  } catch (e) {
    trouble.show(e);
  }
  showKept();
}

// row returns a line of a list: a button that picks, and what follows it.
function row({ choice, size, about }, ...rest) {
  const button = make('button', { type: 'button', onclick: () => pick(choice) },
    make('span', { className: 'name' }, choice.name), ' ', make('span', { className: 'size' }, bytes(size)),
    ...about ? [make('span', { className: 'about' }, about)] : []);
  button.dataset.key = choice.key;
  button.ariaCurrent = choice.key === current ? 'true' : null;
  return make('li', {}, button, ...rest);
}
