// Sources of weights. Each has a name, a size, and read(offset, length), which brings
// a part as a Uint8Array.

import { DreamerError } from '../error.js';
import { download } from './download.js';
import { FileSource } from './file.js';
import { find, file, list } from './store.js';
import { URLSource } from './url.js';

// open opens what dreamer.d.ts calls a Source; progress is told of a download.
export async function open(source, progress, signal) {
  if (source instanceof Blob) return new FileSource(source);
  const { url, cached, name, cache = true } = source;
  if (cached === undefined && !cache) return URLSource.open(url, name ?? baseName(url), signal);
  const model = await held(source);
  if (!model.complete) await download(model.url, model.name, progress, signal);
  return new FileSource(await file(model.name), model.name);
}

// held returns what the browser's storage knows of a model, at least its name and
// where it comes from.
async function held({ url, cached, name }) {
  if (cached !== undefined) {
    const model = await find(cached);
    if (!model) throw new DreamerError('not-found', `the browser's storage holds no ${cached}`);
    return model;
  }
  if (name !== undefined) return { name, ...await find(name), url };
  const models = await list();
  const model = models.find(model => model.url === url);
  if (model) return model;
  const base = baseName(url);
  let free = base; // with a number, where another model has the file's name
  for (let n = 2; models.some(model => model.name === free); n++) free = `${base} (${n})`;
  return { name: free, url };
}

function baseName(url) {
  const { host, pathname } = new URL(url);
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(last) || host;
  } catch {
    return last;
  }
}
