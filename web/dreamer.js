// The engine for pages: dreamer.d.ts says what is here, docs/browser.md how to use it.

import { DreamerError, check } from './error.js';
import * as store from './source/store.js';

export { DreamerError };

export async function load(source, options = {}) {
  const { onProgress, signal, context, kv, memory, fast, name } = options;
  if (!navigator.gpu) throw new DreamerError('no-webgpu', 'this browser has no WebGPU, or does not offer it to this page: it has to come over https, or from this machine');
  const engine = new Engine();
  try {
    const info = await engine.call('load', { context, kv, memory, fast, name }, { source: described(source), signal, onEvent: onProgress });
    return new Model(engine, info);
  } catch (e) {
    engine.end(e);
    throw e;
  }
}

// described returns a source as the worker opens it.
function described(source) {
  if (source instanceof Blob) return source;
  if (typeof source === 'string' || source instanceof URL) source = { url: source };
  if (source?.cached !== undefined) return { cached: String(source.cached) };
  if (!source?.url) throw new DreamerError('bad-request', 'a source is a File, a URL, {url} or {cached}');
  const { url, name, cache } = source;
  return { url: new URL(url, document.baseURI).href, name, cache };
}

export async function cached() {
  return (await store.list()).map(({ name, url, bytes, total, complete }) => ({ name, url, bytes, total, complete }));
}

export const removeCached = store.remove;

export const storage = store.usage;

export async function deviceReport() {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new DreamerError('no-webgpu', navigator.gpu ? 'the browser has WebGPU, but no adapter for it' : 'this browser has no WebGPU');
  const { info } = adapter;
  const limits = {};
  for (const limit in adapter.limits) limits[limit] = adapter.limits[limit];
  const software = info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${info.architecture} ${info.description}`);
  return {
    adapter: info.description || info.device || info.architecture || 'unnamed',
    vendor: info.vendor,
    architecture: info.architecture,
    tier: software ? 'software' : 'gpu',
    features: [...adapter.features].sort(),
    limits,
    languageFeatures: [...navigator.gpu.wgslLanguageFeatures ?? []].sort(),
  };
}

// Engine is a worker with the calls that it has not answered yet.
class Engine {
  #worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  #calls = new Map(); // {resolve, reject, onEvent} by id
  #last = 0;
  #ended; // why

  constructor() {
    this.#worker.addEventListener('message', ({ data }) => this.#receive(data));
    this.#worker.addEventListener('error', e => {
      this.end(new DreamerError('crashed', `the worker failed: ${e.message ?? 'its scripts cannot be loaded'}`));
    });
  }

  call(method, params, { source, signal, onEvent } = {}) {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      check(signal);
      const id = ++this.#last;
      const abort = () => this.#worker.postMessage({ id, abort: true });
      signal?.addEventListener('abort', abort, { once: true });
      const finish = settle => value => {
        this.#calls.delete(id);
        signal?.removeEventListener('abort', abort);
        settle(value);
      };
      this.#worker.postMessage({ id, method, params, source });
      this.#calls.set(id, { resolve: finish(resolve), reject: finish(reject), onEvent, abort });
    });
  }

  // abort gives up on all that is in progress.
  abort() {
    for (const { abort } of this.#calls.values()) abort();
  }

  // end ends the worker, and with error all that is in progress.
  end(error) {
    this.#ended ??= error;
    this.#worker.terminate();
    for (const { reject } of [...this.#calls.values()]) reject(this.#ended);
  }

  #receive({ id, event, result, error, fatal }) {
    if (fatal) {
      this.end(new DreamerError(fatal.code, fatal.message));
      return;
    }
    const call = this.#calls.get(id);
    if (event) call?.onEvent?.(event);
    else if (error) call?.reject(new DreamerError(error.code, error.message));
    else call?.resolve(result);
  }
}

class Model {
  #engine;

  constructor(engine, info) {
    this.#engine = engine;
    this.info = info;
    this.chat = { completions: new Completions(engine, info, chat) };
    this.completions = new Completions(engine, info, text);
  }

  tokenize(text) {
    return this.#engine.call('tokenize', { text });
  }

  detokenize(tokens) {
    return this.#engine.call('detokenize', { tokens });
  }

  memory() {
    return this.#engine.call('memory', {});
  }

  async close() {
    const closed = new DreamerError('aborted', 'the model was closed');
    this.#engine.abort();
    // A worker that is busy, or gone, is not waited for long.
    await Promise.race([
      this.#engine.call('close', {}).catch(() => {}),
      new Promise(resolve => setTimeout(resolve, 2000)),
    ]);
    this.#engine.end(closed);
  }
}

// The two kinds of completions: the fields of a request that say what to continue,
// and the shapes of answers.
const chat = {
  prompt: ['messages', 'tools'],
  whole: 'chat.completion',
  part: 'chat.completion.chunk',
  answer: content => ({ message: { role: 'assistant', content } }),
  delta: (content, first) => ({ delta: { ...first && { role: 'assistant' }, ...content && { content } } }),
};

const text = {
  prompt: ['prompt'],
  whole: 'text_completion',
  part: 'text_completion',
  answer: text => ({ text }),
  delta: text => ({ text }),
};

// The other fields of a request: those that the engine knows, and those that change
// nothing here.
const known = ['temperature', 'top_p', 'top_k', 'seed', 'max_tokens', 'max_completion_tokens', 'stop'];
const ignored = ['stream', 'stream_options', 'model', 'user'];

class Completions {
  #engine;
  #info;
  #kind;

  constructor(engine, info, kind) {
    this.#engine = engine;
    this.#info = info;
    this.#kind = kind;
  }

  async create(request, { signal } = {}) {
    const fields = [...this.#kind.prompt, ...known];
    for (const field of Object.keys(request)) {
      if (!fields.includes(field) && !ignored.includes(field)) throw new DreamerError('unsupported', `${field} is not supported`);
    }
    const params = Object.fromEntries(fields.filter(field => request[field] != null).map(field => [field, request[field]]));
    const head = { id: `cmpl-${crypto.randomUUID()}`, created: Math.floor(Date.now() / 1000), model: this.#info.name };
    if (request.stream) return this.#stream(head, params, signal);
    let content = '';
    const end = await this.#engine.call('complete', params, { signal, onEvent: event => { content += event.text; } });
    return { ...head, object: this.#kind.whole, ...this.#last(this.#kind.answer(content), end) };
  }

  // stream yields parts as they come. To leave the loop early stops the engine.
  async *#stream(head, params, signal) {
    const stop = new AbortController();
    const parts = [];
    let wake = () => {};
    let end, error;
    this.#engine.call('complete', params, {
      signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
      onEvent: event => { parts.push(event.text); wake(); },
    }).then(result => { end = result; }, e => { error = e; }).finally(() => wake());
    const part = rest => ({ ...head, object: this.#kind.part, ...rest });
    try {
      for (let first = true; ; first = false) {
        while (parts.length === 0 && !end && !error) await new Promise(resolve => { wake = resolve; });
        if (parts.length === 0) break;
        yield part({ choices: [{ index: 0, ...this.#kind.delta(parts.shift(), first), finish_reason: null }] });
      }
      if (error) throw error;
      yield part(this.#last(this.#kind.delta('', false), end));
    } finally {
      stop.abort();
    }
  }

  #last(answer, { finish_reason, token_ids, usage, timings }) {
    return { choices: [{ index: 0, ...answer, finish_reason, token_ids }], usage, timings };
  }
}
