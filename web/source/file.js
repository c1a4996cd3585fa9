import { DreamerError } from '../error.js';

// FileSource reads a file of the user's disk, or of the browser's storage, by
// slices: no more of it is in memory than is asked for.
export class FileSource {
  #file;

  constructor(file, name = file.name) {
    this.#file = file;
    this.name = name;
    this.size = file.size;
  }

  async read(offset, length) {
    try {
      return new Uint8Array(await this.#file.slice(offset, offset + length).arrayBuffer());
    } catch (e) {
      throw new DreamerError('bad-file', `${this.name} cannot be read any more: was it changed or deleted?`, { cause: e });
    }
  }
}
