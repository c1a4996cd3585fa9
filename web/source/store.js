// The models in the browser's own storage, the origin private file system: each is
// a file, and beside it what is known of it, as JSON.

import { DreamerError } from '../error.js';

const folderName = 'dreamer';
const notes = '.json';

async function folder() {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(folderName, { create: true });
  } catch (e) {
    throw new DreamerError('unsupported', `the browser keeps no files for this page (private browsing?): ${e.message}`, { cause: e });
  }
}

// list returns what is known of each model: {name, url, bytes, total, complete,
// etag, modified}.
export async function list() {
  const directory = await folder();
  const models = [];
  for await (const key of directory.keys()) {
    if (!key.endsWith(notes)) continue;
    const model = await known(directory, decodeURIComponent(key.slice(0, -notes.length)));
    if (model) models.push(model);
  }
  return models.sort((a, b) => a.name < b.name ? -1 : 1);
}

// find returns what is known of the model of a name; undefined if there is none.
export async function find(name) {
  return known(await folder(), name);
}

async function known(directory, name) {
  try {
    const key = encodeURIComponent(name);
    const text = await (await (await directory.getFileHandle(key + notes)).getFile()).text();
    const data = await (await directory.getFileHandle(key)).getFile();
    return { ...JSON.parse(text), name, bytes: data.size };
  } catch {
    return undefined; // half deleted, or half made
  }
}

// file returns the bytes of a model.
export async function file(name) {
  const directory = await folder();
  return (await directory.getFileHandle(encodeURIComponent(name))).getFile();
}

export async function remove(name) {
  const directory = await folder();
  for (const key of [encodeURIComponent(name), encodeURIComponent(name) + notes]) {
    try {
      await directory.removeEntry(key);
    } catch (e) {
      if (e.name !== 'NotFoundError') throw failure(name, e);
    }
  }
}

// usage returns the bytes that this origin uses and may use.
export async function usage() {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  return { used: usage, quota };
}

// Writer writes a model from front to back. While it is open, nobody else can write
// or delete that model. It works in workers only.
export class Writer {
  static async open(name) {
    const directory = await folder();
    const key = encodeURIComponent(name);
    let data;
    try {
      data = await access(directory, key);
      return new Writer(name, data, await access(directory, key + notes));
    } catch (e) {
      data?.close();
      throw failure(name, e);
    }
  }

  #data;
  #notes;

  constructor(name, data, notes) {
    this.name = name;
    this.#data = data;
    this.#notes = notes;
    this.bytes = data.getSize();
    const text = new Uint8Array(notes.getSize());
    notes.read(text, { at: 0 });
    try {
      this.about = JSON.parse(new TextDecoder().decode(text));
    } catch { // new, or made by a page that was closed in between
      this.about = undefined;
      this.truncate();
    }
  }

  // describe notes {url, total, complete, etag, modified}.
  describe(about) {
    this.about = about;
    const text = new TextEncoder().encode(JSON.stringify(about));
    this.#put(this.#notes, text, 0);
    this.#notes.truncate(text.length);
    this.#notes.flush();
  }

  append(bytes) {
    this.#put(this.#data, bytes, this.bytes);
    this.bytes += bytes.length;
  }

  // reserve makes sure that there is room for so many bytes in all. What browsers
  // estimate is no help, as they hide how full the disk is.
  reserve(total) {
    const need = total - this.bytes;
    if (need <= 0) return;
    let granted = false;
    try {
      this.#data.truncate(total);
      granted = this.#data.getSize() === total; // Chromium throws nothing
      this.#data.truncate(this.bytes);
    } finally {
      if (!granted) throw full(this.name, `it needs ${Math.ceil(need / 2 ** 20)} MiB more`);
    }
  }

  truncate() {
    this.#data.truncate(0);
    this.bytes = 0;
  }

  close() {
    this.#data.flush();
    this.#data.close();
    this.#notes.close();
  }

  #put(handle, bytes, at) {
    let written;
    try {
      written = handle.write(bytes, { at });
    } catch (e) {
      throw failure(this.name, e);
    }
    if (written !== bytes.length) throw full(this.name, `${bytes.length} bytes could not be written`); // Chromium throws nothing
  }
}

async function access(directory, key) {
  return (await directory.getFileHandle(key, { create: true })).createSyncAccessHandle();
}

function failure(name, e) {
  switch (e.name) {
    case 'NoModificationAllowedError':
    case 'InvalidStateError':
      return new DreamerError('busy', `${name} is being loaded or stored, perhaps by another page`, { cause: e });
    case 'QuotaExceededError':
      return full(name, e.message, e);
  }
  return e;
}

function full(name, why, cause) {
  return new DreamerError('quota', `the browser's storage has no room for ${name}: ${why}`, { cause });
}
