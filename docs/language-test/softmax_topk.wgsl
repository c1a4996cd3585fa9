// softmax_topk, written by hand for one point: 4 scores an invocation, workgroups of 64, reductions in shared memory.
struct Params { tokens: u32, n: u32, k: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

struct Best { value: f32, index: u32 }
const lowest = -3.4028234e38;
var<workgroup> numbers: array<f32, 64>;
var<workgroup> bests: array<Best, 64>;

fn maximum(v: f32, local: u32) -> f32 {
  numbers[local] = v;
  workgroupBarrier();
  for (var s = 32u; s > 0u; s >>= 1u) {
    if (local < s) { numbers[local] = max(numbers[local], numbers[local + s]); }
    workgroupBarrier();
  }
  return numbers[0];
}

fn sum(v: f32, local: u32) -> f32 {
  workgroupBarrier();
  numbers[local] = v;
  workgroupBarrier();
  for (var s = 32u; s > 0u; s >>= 1u) {
    if (local < s) { numbers[local] += numbers[local + s]; }
    workgroupBarrier();
  }
  return numbers[0];
}

fn argmax(mine: Best, local: u32) -> Best {
  workgroupBarrier();
  bests[local] = mine;
  workgroupBarrier();
  for (var s = 32u; s > 0u; s >>= 1u) {
    if (local < s) {
      let a = bests[local];
      let b = bests[local + s];
      if (b.value > a.value || (b.value == a.value && b.index < a.index)) { bests[local] = b; }
    }
    workgroupBarrier();
  }
  return bests[0];
}

@compute @workgroup_size(64)
fn softmax_topk(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let token = workgroup.x;
  let at = vec4u(0u, 64u, 128u, 192u) + vec4u(local);
  let row = vec4u(token * params.n) + min(at, vec4u(params.n - 1u));
  var s = select(vec4f(lowest), vec4f(x[row.x], x[row.y], x[row.z], x[row.w]), at < vec4u(params.n));
  s = exp(s - maximum(max(max(s.x, s.y), max(s.z, s.w)), local));
  let scale = 1.0 / sum(dot(s, vec4f(1.0)), local);
  for (var i = 0u; i < params.k; i++) {
    var mine = Best(s.x, at.x);
    if (s.y > mine.value) { mine = Best(s.y, at.y); }
    if (s.z > mine.value) { mine = Best(s.z, at.z); }
    if (s.w > mine.value) { mine = Best(s.w, at.w); }
    let best = argmax(mine, local);
    s = select(s, vec4f(-1.0), at == vec4u(best.index));
    if (local == 0u) {
      values[token * params.k + i] = best.value * scale;
      indices[token * params.k + i] = best.index;
    }
  }
}
