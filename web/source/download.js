// A file of a server, kept in the browser's storage: what a transfer that ended early
// has brought stays, and the next goes on from there.

import { changed, get, identity, received, retry, same } from './http.js';
import { Writer, remove } from './store.js';

// download brings the rest of a file. progress is called with {done, total} in bytes.
export async function download(url, name, progress, signal) {
  const writer = await Writer.open(name);
  let drop = false;
  try {
    let best = writer.bytes;
    await retry(signal, false, ahead => attempt(writer, url, signal, report => {
      progress(report);
      if (report.done > best) ahead(best = report.done);
    }));
  } catch (e) {
    drop = e.code === 'changed' || writer.bytes === 0;
    throw e;
  } finally {
    writer.close();
    if (drop) await remove(name);
  }
}

async function attempt(writer, url, signal, progress) {
  const response = await get(url, writer.bytes, undefined, signal);
  const file = identity(response, writer.bytes);
  const body = response.body.getReader();
  try {
    const restarted = begin(writer, response, url, file);
    writer.reserve(file.size);
    progress({ done: writer.bytes, total: file.size, ...restarted && { restarted } });
    for (;;) {
      const { done, value } = await received(url, body.read(), signal);
      if (done) break;
      writer.append(value);
      progress({ done: writer.bytes, total: file.size });
    }
  } finally {
    body.cancel().catch(() => {}); // of a connection that broke
  }
  writer.describe({ ...writer.about, total: writer.bytes, complete: true });
}

// begin makes writer ready for an answer, and reports whether what was held has to
// come again.
function begin(writer, response, url, file) {
  const restarted = writer.bytes > 0 && response.status === 200;
  if (writer.bytes > 0 && !same({ ...writer.about, size: writer.about.total }, file)) throw changed(url);
  if (response.status === 200) writer.truncate();
  if (writer.bytes === 0) {
    writer.describe({ url, total: file.size, complete: false, etag: file.etag, modified: file.modified });
  }
  return restarted;
}
