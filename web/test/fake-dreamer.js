// dreamer.js without an engine, for tests of the page alone: models are named for
// what goes wrong with them, and what they say is what was said.

export class DreamerError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const pause = ms => new Promise(done => setTimeout(done, ms));
const wanted = new URL(location).searchParams;

let kept = [
  { name: 'whole.gguf', url: 'https://models.example/whole.gguf', bytes: 670e6, total: 670e6, complete: true },
  { name: 'half.gguf', url: 'https://models.example/half.gguf', bytes: 350e6, total: 1.2e9, complete: false },
];

export async function load(source, { onProgress, signal, ...options }) {
  window.loads = [...window.loads ?? [], { source: source instanceof File ? source.name : source, options }];
  const name = source.name ?? source.cached;
  const check = () => {
    if (signal.aborted) throw new DreamerError('aborted', 'aborted');
  };
  for (let done = 0; done <= 100e6; done += 10e6) {
    check();
    onProgress({ phase: source.url ? 'download' : 'upload', done, total: 100e6 });
    await pause(name.includes('slow') ? 200 : 5);
  }
  if (name.includes('damaged')) throw new DreamerError('bad-file', `${name}: gguf: tensor "output" ends behind the end of the file`);
  if (name.includes('huge')) throw new DreamerError('out-of-memory', `${name} needs 81 GiB on the GPU; 4 GiB may be used`);
  return new Model(name, options);
}

class Model {
  #closed = false;
  chat = { completions: { create: (request, options) => this.#answer(request, options) } };
  completions = { create: async (request, options) => this.#parts({ ...request, messages: [{ content: request.prompt }] }, options, text => ({ text })) };

  constructor(name, { context = 512 }) {
    this.info = {
      name, context, architecture: 'llama', parameters: 2.6e6, vocabulary: 1024, weightBytes: 1.5e6, template: !name.includes('bare'), loadTime: 12,
    };
  }

  async #answer(request, options) {
    if (this.info.name.includes('lost')) throw new DreamerError('device-lost', 'the device was lost: a driver was restarted');
    return this.#parts(request, options, content => ({ delta: { content } }));
  }

  // #parts says what was asked, by words, after how many messages there are.
  async* #parts({ messages, ...sampling }, { signal }, choice) {
    window.requests = [...window.requests ?? [], { messages, ...sampling }];
    const length = messages.reduce((n, m) => n + m.content.length, 0);
    if (length > this.info.context) throw new DreamerError('too-long', `the prompt has ${length} tokens, the context ${this.info.context}`);
    const words = `${messages.length}: ${messages.at(-1).content}`.match(/\s*\S+/g);
    for (const word of words) {
      await pause(word.includes('slow') ? 300 : 3);
      if (signal.aborted || this.#closed) throw new DreamerError('aborted', 'aborted');
      yield { choices: [{ ...choice(word), finish_reason: null }] };
    }
    yield {
      choices: [{ ...choice(''), finish_reason: 'stop' }],
      usage: { prompt_tokens: length, completion_tokens: words.length, total_tokens: length + words.length, prompt_tokens_details: { cached_tokens: 0 } },
      timings: { first_token_ms: 120, prompt_per_second: 80, decode_ms: 200, decode_per_second: 12.34 },
    };
  }

  async memory() {
    return { gpu: { now: 12e6, peak: 13e6 }, wasm: 40e6 };
  }

  async close() {
    this.#closed = true;
  }
}

export async function cached() {
  return kept;
}

export async function removeCached(name) {
  kept = kept.filter(m => m.name !== name);
}

export async function storage() {
  return { used: kept.reduce((n, m) => n + m.bytes, 0), quota: 60e9 };
}

export async function deviceReport() {
  if (wanted.has('nothing')) throw new DreamerError('no-webgpu', 'navigator.gpu is not there');
  return {
    adapter: 'SwiftShader Device', vendor: 'google', architecture: 'swiftshader', tier: 'software',
    features: ['timestamp-query', 'subgroups'], languageFeatures: [],
    limits: { maxStorageBufferBindingSize: 2 ** 30, maxBufferSize: 2 ** 30, maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 32768 },
  };
}
