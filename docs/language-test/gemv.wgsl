// gemv, written by hand for one point: q4_0, store, rows interleaved by 8, a row an invocation at a time, 8 of them in turn.
struct Params { rows: u32, cols: u32, first: u32 }
@group(0) @binding(0) var<storage, read> w_d: array<u32>;
@group(0) @binding(1) var<storage, read> w_q: array<vec4u>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

// The low halves of a word's bytes as numbers.
fn nibbles(w: u32) -> vec4f {
  return vec4f(vec4u(w, w >> 8u, w >> 16u, w >> 24u) & vec4u(15u));
}

@compute @workgroup_size(8)
fn gemv(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let top = workgroup.x * 64u + local;
  let blocks = params.cols / 64u;
  var acc: array<f32, 8>;
  for (var b = 0u; b < blocks; b++) {
    for (var half = 0u; half < 2u; half++) {
      var xs: array<vec4f, 8>;
      var total = vec4f();
      for (var j = 0u; j < 8u; j++) {
        xs[j] = x[(b * 2u + half) * 8u + j];
        total += xs[j];
      }
      let offset = 8.0 * dot(total, vec4f(1.0)); // Σ d(q-8)x = d(Σ qx - 8 Σ x)
      for (var r = 0u; r < 8u; r++) {
        let row = min(top + r * 8u, params.rows - 1u);
        let at = row / 8u * blocks + b;
        let d = unpack2x16float(w_d[at * 8u + row % 8u] >> (half * 16u)).x;
        let q = w_q[(at * 2u + half) * 8u + row % 8u];
        var t = vec4f();
        for (var j = 0u; j < 4u; j++) {
          t += nibbles(q[j]) * xs[j] + nibbles(q[j] >> 4u) * xs[j + 4u];
        }
        acc[r] += d * (dot(t, vec4f(1.0)) - offset);
      }
    }
  }
  for (var r = 0u; r < 8u; r++) {
    let row = top + r * 8u;
    if (row < params.rows) { y[params.first + row] = acc[r]; }
  }
}
