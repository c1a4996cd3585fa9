// What the sources that fetch have in common: a request for the rest of a file, and
// whether two answers are of one file.

import { DreamerError, check } from '../error.js';

// get asks for a file's bytes from an offset to another, both of them included,
// or to the end. The answer has status 206, or 200 where the server ignores Range.
export async function get(url, from, to, signal) {
  let response;
  try {
    response = await fetch(url, {
      headers: { Range: `bytes=${from}-${to ?? ''}` },
      cache: 'no-store', // models would fill the browser's cache of pages
      signal,
    });
  } catch (e) {
    check(signal);
    throw network(url, `the server cannot be reached, or does not let this page read the file (CORS): ${e.message}`, true, e);
  }
  if (response.status === 416) throw changed(url);
  if (!response.ok) {
    const passing = response.status === 429 || response.status >= 500;
    throw network(url, `the server answers ${response.status} ${response.statusText}`.trim(), passing);
  }
  return response;
}

// network returns the error of a failed transfer. One that is passing may succeed
// when tried again.
export function network(url, message, passing, cause) {
  const e = new DreamerError('network', `${url}: ${message}`, { cause });
  e.passing = passing;
  return e;
}

export function changed(url) {
  return new DreamerError('changed', `${url} is no longer the file of which a part was read: load it anew`);
}

// received waits for bytes of an answer.
export async function received(url, bytes, signal) {
  try {
    return await bytes;
  } catch (e) {
    check(signal);
    throw network(url, `the connection broke: ${e.message}`, true, e);
  }
}

// identity returns what tells the file of an answer from others, and its size,
// 0 where the server does not tell. Pages of other origins don't see all headers:
// of these they see Last-Modified and Content-Length.
export function identity(response, from) {
  const { headers } = response;
  const length = headers.has('Content-Encoding') ? 0 : Number(headers.get('Content-Length') ?? 0);
  const range = /^bytes \d+-\d+\/(\d+)$/.exec(headers.get('Content-Range') ?? '');
  const rest = response.status === 206 ? from : 0;
  return {
    etag: headers.get('ETag') ?? '',
    modified: headers.get('Last-Modified') ?? '',
    size: range ? Number(range[1]) : length && length + rest,
  };
}

// same reports whether two answers are of one file, by what is known of both.
export function same(a, b) {
  if (a.size && b.size && a.size !== b.size) return false;
  if (a.etag && b.etag) return a.etag === b.etag;
  return !a.modified || !b.modified || a.modified === b.modified;
}

// attempts is how often in a row a transfer may fail without bringing anything.
const attempts = 4;

// retry repeats a step that fails in passing, once the server has shown that it
// works: begun says that it has, and step calls its argument as it gets ahead.
export async function retry(signal, begun, step) {
  let failures = 0;
  const ahead = () => { failures = 0; begun = true; };
  for (;;) {
    try {
      return await step(ahead);
    } catch (e) {
      if (!e.passing || !begun || ++failures === attempts) throw e;
    }
    await pause(250 * 2 ** failures, signal);
  }
}

// pause waits, or until signal is aborted.
async function pause(milliseconds, signal) {
  await new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
  check(signal);
}
