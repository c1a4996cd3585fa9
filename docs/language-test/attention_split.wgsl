// attention_split, written by hand for one point: f32 cache, heads of 64, 4 of them packed (in the lanes of vec4s), 64 keys
// and 64 invocations a workgroup.
struct Params {
  tokens: u32, heads: u32, kv_heads: u32, head_dim: u32, value_dim: u32, value_row: u32, q_stride: u32, y_stride: u32,
  capacity: u32, page_first: u32, slot: u32, slots: u32, splits: u32, part_keys: u32, causal: u32, window: u32,
  mask_keys: u32, sink_heads: u32, scale: f32, soft_cap: f32, max_bias: f32,
}
@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

const lowest = -3.4028234e38;
var<workgroup> queries: array<vec4f, 64>; // [head, column]
var<workgroup> weights: array<vec4f, 64>; // [key], a lane a head
var<workgroup> numbers: array<vec4f, 64>;
var<workgroup> outputs: array<array<vec4f, 4>, 64>; // [set and column, head]

fn maximum(x: vec4f, local: u32) -> vec4f {
  numbers[local] = x;
  workgroupBarrier();
  for (var s = 32u; s > 0u; s >>= 1u) {
    if (local < s) { numbers[local] = max(numbers[local], numbers[local + s]); }
    workgroupBarrier();
  }
  return numbers[0];
}

fn sum(x: vec4f, local: u32) -> vec4f {
  workgroupBarrier();
  numbers[local] = x;
  workgroupBarrier();
  for (var s = 32u; s > 0u; s >>= 1u) {
    if (local < s) { numbers[local] += numbers[local + s]; }
    workgroupBarrier();
  }
  return numbers[0];
}

// The slopes of four heads from one on.
fn slopes(head: u32) -> vec4f {
  if (params.max_bias <= 0.0) { return vec4f(1.0); }
  let whole = 1u << firstLeadingBit(params.heads); // the greatest power of two of the heads
  let heads = vec4u(head, head + 1u, head + 2u, head + 3u);
  let steps = select(vec4f(heads - min(heads, vec4u(whole))) + 0.5, vec4f(heads + 1u), heads < vec4u(whole));
  return exp(-0.6931472 * params.max_bias / f32(whole) * steps);
}

// Scores of a key with their soft-cap and bias.
fn biased(scores: vec4f, token: u32, position: u32, key: u32, slope: vec4f) -> vec4f {
  var s = scores;
  if (params.soft_cap > 0.0) { s = params.soft_cap * tanh(clamp(s / params.soft_cap, vec4f(-15.0), vec4f(15.0))); }
  if (params.mask_keys > 0u) {
    let bias = mask[token * params.mask_keys + min(key, params.mask_keys - 1u)];
    return select(s + slope * bias, vec4f(lowest), bias < -1e30);
  }
  if (params.max_bias > 0.0) { s -= slope * f32(max(position, key) - min(position, key)); }
  return s;
}

// The place in the page of a key.
fn in_page(key: u32) -> u32 {
  return clamp(key, params.page_first, params.page_first + params.capacity) - params.page_first;
}

@compute @workgroup_size(64)
fn attention_split(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let share = params.heads / params.kv_heads; // query heads of a head of the cache
  let packs = (share + 3u) / 4u;
  let kv = workgroup.y / packs;
  let first = kv * share + workgroup.y % packs * 4u;
  let head = first + local / 16u;
  let end = (kv + 1u) * share;
  let token = workgroup.z;
  let column = local % 16u;
  let position = state[0] + token;
  let seen = in_page(select(state[0] + params.tokens, position + 1u, params.causal != 0u));
  let oldest = in_page(select(max(position + 1u, params.window) - params.window, 0u, params.window == 0u));
  let begin = clamp(workgroup.x * 64u, oldest, seen);
  let count = clamp(workgroup.x * 64u + 64u, begin, seen) - begin;
  let cache = (kv * params.capacity + begin) * 16u;

  queries[local] = params.scale * q[token * (params.q_stride / 4u) + min(head, end - 1u) * 16u + column];
  workgroupBarrier();
  var s = vec4f(lowest);
  if (local < count) {
    s = vec4f();
    for (var d = 0u; d < 16u; d++) {
      let key = k[cache + local * 16u + d];
      s += vec4f(dot(queries[d], key), dot(queries[16u + d], key), dot(queries[32u + d], key), dot(queries[48u + d], key));
    }
    s = biased(s, token, position, params.page_first + begin + local, slopes(first));
  }
  let m = maximum(s, local);
  let p = select(vec4f(), exp(s - m), s > vec4f(lowest));
  weights[local] = p;
  let l = sum(p, local);

  // Columns lie across the invocations, and keys alternate between four sets of them.
  var acc: array<vec4f, 4>;
  for (var j = local / 16u; j < count; j += 4u) {
    let value = v[(kv * params.capacity + begin + j) * (params.value_row / 4u) + column];
    for (var g = 0u; g < 4u; g++) { acc[g] += weights[j][g] * value; }
  }
  outputs[local] = acc;
  workgroupBarrier();
  if (head < end) {
    let g = local / 16u;
    let place = (token * params.heads + head) * params.slots + params.slot + workgroup.x;
    y[place * 17u + column] = outputs[column][g] + outputs[16u + column][g] + outputs[32u + column][g] + outputs[48u + column][g];
    if (column == 0u) { y[place * 17u + 16u] = vec4f(m[g], l[g], 0.0, 0.0); }
  }
}
