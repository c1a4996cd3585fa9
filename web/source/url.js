import { DreamerError } from '../error.js';
import { changed, get, identity, network, received, retry, same } from './http.js';

// URLSource reads a file from a server, piece by piece, and keeps none of it.
export class URLSource {
  #url;
  #file; // its identity
  #signal;

  // open asks for the whole file, and stops once the server has told its size.
  static async open(url, name, signal) {
    const response = await get(url, 0, undefined, signal);
    await response.body.cancel();
    if (response.status !== 206) throw noRange(url);
    const file = identity(response, 0);
    if (!file.size) throw network(url, 'the server does not tell the size of the file');
    return new URLSource(url, name, file, signal);
  }

  constructor(url, name, file, signal) {
    this.#url = url;
    this.#file = file;
    this.#signal = signal;
    this.name = name;
    this.size = file.size;
  }

  read(offset, length) {
    return retry(this.#signal, true, () => this.#read(offset, length));
  }

  async #read(offset, length) {
    const to = offset + length - 1;
    const response = await get(this.#url, offset, to, this.#signal);
    if (response.status !== 206 || !this.#same(response, offset)) {
      await response.body.cancel();
      throw response.status === 206 ? changed(this.#url) : noRange(this.#url);
    }
    const bytes = new Uint8Array(await received(this.#url, response.arrayBuffer(), this.#signal));
    if (bytes.length !== length) throw network(this.#url, `${bytes.length} bytes came, of ${length}`, true);
    return bytes;
  }

  // same reports whether a part is of the file that was opened. Where the total
  // cannot be seen, the part's own length says nothing about it.
  #same(response, offset) {
    const part = identity(response, offset);
    if (!response.headers.has('Content-Range')) part.size = 0;
    return same(this.#file, part);
  }
}

function noRange(url) {
  return new DreamerError('no-range', `${url}: the server ignores Range requests, so that the file cannot be read in pieces; it can be loaded where the browser may keep it (cache)`);
}
