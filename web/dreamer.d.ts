/** dreamer: language models in a web page, on the browser's WebGPU. */

/**
 * Where a model comes from: a GGUF file that a user picked, its URL, or the
 * name of one that the browser keeps. What is loaded by URL is kept in the
 * browser's storage, and needs no network the next time, unless `cache` is false:
 * then it is read by Range requests, piece by piece, and not kept. It is kept under
 * `name`, by default the file's: what is there already under a given name is used,
 * wherever it came from.
 */
export type Source =
  | File
  | string
  | { url: string; name?: string; cache?: boolean }
  | { cached: string };

export interface LoadOptions {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
  /** Most tokens of a conversation; by default the model's, at most 4096. */
  context?: number;
  /** Element type of the KV cache; 'f32' by default. */
  kv?: 'f32' | 'f16' | 'q8_0';
  /** GPU memory to use, in bytes; 4 GiB by default, as browsers do not tell. */
  memory?: number;
  /** Products of bytes or halves where the GPU has them: faster, and logits good to some 1e-3 of their size. */
  fast?: boolean;
  /** What the model is called; by default what its file says, else the file's name. */
  name?: string;
}

/** How far a phase of loading is: bytes, or pipelines for 'compile'. */
export interface Progress {
  phase: 'download' | 'upload' | 'compile';
  done: number;
  /** 0 where a server does not tell. */
  total: number;
  /** Said once by a download that could not go on from what was held: the server ignores Range. */
  restarted?: boolean;
}

export interface ModelInfo {
  name: string;
  architecture: string;
  /** Number of weights. */
  parameters: number;
  /** Most tokens of a conversation. */
  context: number;
  /** Number of tokens that there are. */
  vocabulary: number;
  /** GPU memory of the weights, in bytes. */
  weightBytes: number;
  /** Whether the model has a chat template; without one only `completions` works. */
  template: boolean;
  /** How long the device took to load it, in milliseconds, without the download. */
  loadTime: number;
}

/** Loads a model into a worker of its own. */
export function load(source: Source, options?: LoadOptions): Promise<Model>;

export interface Model {
  readonly info: ModelInfo;
  readonly chat: { readonly completions: ChatCompletions };
  readonly completions: Completions;
  /** The tokens of a text; texts of control tokens are plain text, and none is added before. */
  tokenize(text: string): Promise<number[]>;
  detokenize(tokens: number[]): Promise<string>;
  /** Memory in bytes: buffers on the GPU, now and at most; the worker's own. */
  memory(): Promise<{ gpu: { now: number; peak: number }; wasm: number }>;
  /** Gives everything back. What is in progress fails with the code 'aborted'. */
  close(): Promise<void>;
}

export interface Sampling {
  /** 0 always takes the likeliest token; 0.7 by default. */
  temperature?: number;
  /** Draw from the likeliest tokens that together have this probability; 0.95 by default. */
  top_p?: number;
  /** Draw from so many of the likeliest tokens, 0 from all; 40 by default. */
  top_k?: number;
  /** Fixes what is drawn; random by default. Below 2^32. */
  seed?: number;
  /** At most so many tokens; by default until the end, or until the context is full. */
  max_tokens?: number;
  max_completion_tokens?: number;
  /** Texts that end the answer, and are left out of it. */
  stop?: string | string[];
}

export interface RequestOptions {
  /** Stops it: it fails with the code 'aborted', and the model stays usable. */
  signal?: AbortSignal;
}

export interface TextPart {
  type: 'text';
  text: string;
}

export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool' | (string & {});
  content: string | TextPart[] | null;
  name?: string;
  tool_call_id?: string;
  tool_calls?: unknown[];
}

export interface ChatRequest extends Sampling {
  messages: Message[];
  /** Given to the model's template. What the model answers is text: calls in it are not parsed. */
  tools?: unknown[];
}

export interface CompletionRequest extends Sampling {
  prompt: string;
}

export interface ChatCompletions {
  create(request: ChatRequest & { stream: true }, options?: RequestOptions): Promise<AsyncIterable<ChatChunk>>;
  create(request: ChatRequest & { stream?: false }, options?: RequestOptions): Promise<ChatCompletion>;
}

export interface Completions {
  create(request: CompletionRequest & { stream: true }, options?: RequestOptions): Promise<AsyncIterable<Completion>>;
  create(request: CompletionRequest & { stream?: false }, options?: RequestOptions): Promise<Completion>;
}

/** 'stop': the model ended, or wrote a stop text; 'length': max_tokens, or the context is full. */
export type FinishReason = 'stop' | 'length';

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  /** Prompt tokens that an earlier request had computed already. */
  prompt_tokens_details: { cached_tokens: number };
}

export interface Timings {
  /** From the request to the first token. */
  first_token_ms: number;
  /** Prompt tokens a second. */
  prompt_per_second: number;
  /** From the first token to the last. */
  decode_ms: number;
  /** Tokens a second after the first. */
  decode_per_second: number;
}

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: [{ index: 0; message: { role: 'assistant'; content: string }; finish_reason: FinishReason; token_ids: number[] }];
  usage: Usage;
  timings: Timings;
}

/** A part of a streamed answer; the last has the reason, the tokens of all parts, usage and timings. */
export interface ChatChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: [{ index: 0; delta: { role?: 'assistant'; content?: string }; finish_reason: FinishReason | null; token_ids?: number[] }];
  usage?: Usage;
  timings?: Timings;
}

/** An answer, or with `stream` a part of one; the last part has the reason, the tokens of all parts, usage and timings. */
export interface Completion {
  id: string;
  object: 'text_completion';
  created: number;
  model: string;
  choices: [{ index: 0; text: string; finish_reason: FinishReason | null; token_ids?: number[] }];
  usage?: Usage;
  timings?: Timings;
}

/** Models in the browser's storage, whole or in part. */
export function cached(): Promise<CachedModel[]>;

export interface CachedModel {
  name: string;
  url: string;
  /** Bytes held. */
  bytes: number;
  /** Bytes of the file; 0 where the server did not tell. */
  total: number;
  complete: boolean;
}

/** Deletes one of them: 'busy' while it is being stored. A model that was loaded from it goes on, unless it fetches experts from it. */
export function removeCached(name: string): Promise<void>;

/** The storage of this origin, in bytes. */
export function storage(): Promise<{ used: number; quota: number }>;

/** What the browser tells of its GPU. */
export function deviceReport(): Promise<DeviceReport>;

export interface DeviceReport {
  /** Name of the adapter, as far as the browser gives it. */
  adapter: string;
  vendor: string;
  architecture: string;
  /** 'software' is a CPU that plays a GPU: slow. */
  tier: 'gpu' | 'software';
  /** WebGPU's names of the optional features. */
  features: string[];
  limits: Record<string, number>;
  /** Of the WGSL language. */
  languageFeatures: string[];
}

/**
 * - 'no-webgpu': the browser has no WebGPU, or no adapter for it
 * - 'out-of-memory': the model needs more memory than there is, or than `memory` allows
 * - 'device-lost': the GPU went away: load the model anew
 * - 'bad-file': the file is damaged, or no model
 * - 'unsupported': a model, a request or a browser that lacks something
 * - 'bad-request': an argument that makes no sense
 * - 'too-long': a prompt that is longer than the context
 * - 'no-range': the server ignores Range requests, without which the file cannot be read in pieces
 * - 'changed': the file on the server is not the one of which a part is held; the part is deleted
 * - 'quota': the browser's storage is full
 * - 'network': the server cannot be reached, or refuses
 * - 'busy': another page is using the stored model
 * - 'not-found': there is no such model in the browser's storage
 * - 'aborted': the caller's signal, or close
 * - 'crashed': a defect of the engine
 */
export type ErrorCode =
  | 'no-webgpu' | 'out-of-memory' | 'device-lost' | 'bad-file' | 'unsupported' | 'bad-request' | 'too-long'
  | 'no-range' | 'changed' | 'quota' | 'network' | 'busy' | 'not-found' | 'aborted' | 'crashed';

export class DreamerError extends Error {
  readonly code: ErrorCode;
}
