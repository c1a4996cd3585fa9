// The worker in which a model lives: the engine, in WebAssembly, and what brings its
// weights. dreamer.js talks to it:
//
//   {id, method, params, source?}  asks for something; {id, abort: true} gives up on it
//   {id, event}                    tells of progress, or of a part of an answer
//   {id, result} or {id, error}    ends it
//   {fatal}                        says that the engine is gone

import './wasm_exec.js';
import { DreamerError, check } from './error.js';
import { open } from './source/open.js';

const running = new Map(); // AbortControllers by id

addEventListener('message', async ({ data: { id, method, params, source, abort } }) => {
  if (abort) {
    running.get(id)?.abort();
    return;
  }
  const controller = new AbortController();
  const { signal } = controller;
  running.set(id, controller);
  const emit = seldom(event => postMessage({ id, event }));
  try {
    if (source) source = await open(source, progress => emit({ phase: 'download', ...progress }), signal);
    check(signal);
    postMessage({ id, result: await call(method, params, source, emit, signal) });
  } catch (e) {
    postMessage({ id, error: plain(e) });
  } finally {
    running.delete(id);
  }
});

// interval is the least time between two reports of progress, in milliseconds.
const interval = 50;

// seldom lets few reports of progress pass, but the first and last of each phase, and
// all other events.
function seldom(emit) {
  let phase, last;
  return event => {
    const now = performance.now();
    const notable = !event.phase || event.phase !== phase || event.done === event.total || event.restarted;
    if (!notable && now - last < interval) return;
    ({ phase } = event);
    last = now;
    emit(event);
  };
}

// call has the engine do something. Its answers come as JSON.
async function call(method, params, source, emit, signal) {
  const engine = await started;
  return new Promise((resolve, reject) => {
    engine(method, JSON.stringify(params), source ?? null, signal,
      event => emit(JSON.parse(event)),
      (error, result) => error ? reject(error) : resolve(JSON.parse(result)));
  });
}

// started is the engine's one function, once it runs.
const started = start();
started.catch(e => postMessage({ fatal: plain(e) }));

async function start() {
  const go = new Go();
  const { instance } = await WebAssembly.instantiateStreaming(fetchEngine(), go.importObject);
  const engine = new Promise(resolve => { self.dreamerStarted = resolve; });
  const last = watchOutput();
  self.dreamerMemory = () => instance.exports.mem.buffer.byteLength;
  go.run(instance).then(last, String).then(reason => {
    const code = /out of memory/.test(reason) ? 'out-of-memory' : 'crashed';
    postMessage({ fatal: { code, message: `the engine ended: ${reason}` } });
  });
  return engine;
}

async function fetchEngine() {
  const url = new URL('dreamer.wasm', import.meta.url);
  const response = await fetch(url).catch(e => { throw new DreamerError('network', `${url}: ${e.message}`); });
  if (!response.ok) throw new DreamerError('network', `${url}: the server answers ${response.status}`);
  const type = 'application/wasm'; // which not every server knows
  return response.headers.get('Content-Type') === type ? response : new Response(response.body, { headers: { 'Content-Type': type } });
}

// watchOutput returns a function that returns why Go's runtime ended.
function watchOutput() {
  const decoder = new TextDecoder();
  const { writeSync } = fs;
  let text = '';
  fs.writeSync = (fd, bytes) => {
    text = (text + decoder.decode(bytes, { stream: true })).slice(-1 << 16);
    return writeSync.call(fs, fd, bytes);
  };
  return () => /^(fatal error|panic): .*$/m.exec(text)?.[0] ?? 'no reason is known';
}

function plain(e) {
  return { code: e.code && typeof e.code === 'string' ? e.code : 'crashed', message: e.message ?? String(e) };
}
