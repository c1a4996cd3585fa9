// attention_split, written by hand for one point: f32 cache, heads of 64, 4 of them packed (in the lanes of vec4s), 64 keys
// and 64 invocations a workgroup.
struct Params {
  tokens: u32, heads: u32, kv_heads: u32, head_dim: u32, q_stride: u32, capacity: u32, page_first: u32,
  slot: u32, slots: u32, splits: u32, scale: f32,
}
@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> ml: array<vec2f>;
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

@compute @workgroup_size(64)
fn attention_split(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let share = params.heads / params.kv_heads; // query heads of a head of the cache
  let packs = (share + 3u) / 4u;
  let kv = workgroup.y / packs;
  let head = kv * share + workgroup.y % packs * 4u + local / 16u;
  let end = (kv + 1u) * share;
  let token = workgroup.z;
  let column = local % 16u;
  let seen = min(max(state[0] + token + 1u, params.page_first) - params.page_first, params.capacity);
  let begin = min(workgroup.x * 64u, seen);
  let count = min(seen - begin, 64u);
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
  }
  let m = maximum(s, local);
  let p = select(vec4f(), exp(s - m), local < count);
  weights[local] = p;
  let l = sum(p, local);

  // Columns lie across the invocations, and keys alternate between four sets of them.
  var acc: array<vec4f, 4>;
  for (var j = local / 16u; j < count; j += 4u) {
    let value = v[cache + j * 16u + column];
    for (var g = 0u; g < 4u; g++) { acc[g] += weights[j][g] * value; }
  }
  outputs[local] = acc;
  workgroupBarrier();
  if (head < end) {
    let g = local / 16u;
    let place = (token * params.heads + head) * params.slots + params.slot + workgroup.x;
    y[place * 16u + column] = outputs[column][g] + outputs[16u + column][g] + outputs[32u + column][g] + outputs[48u + column][g];
    if (column == 0u) { ml[place] = vec2f(m[g], l[g]); }
  }
}
