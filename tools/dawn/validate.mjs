// Reads shaders from standard input, a JSON object a line, and says of each, a
// line each, whether Dawn makes a pipeline of it and how much of each limit it
// takes. Dawn's null back end knows no hardware: it grants the default limits
// and every feature, and validates all the same.

import { createInterface } from 'node:readline';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
const devices = new Map(); // by features

async function deviceFor(features) {
  const key = features.join();
  if (!devices.has(key)) {
    const adapter = await gpu.requestAdapter();
    devices.set(key, await adapter.requestDevice({ requiredFeatures: features }));
  }
  return devices.get(key);
}

// refusal makes a pipeline and returns why Dawn refuses it, or ''.
async function refusal(device, code, entryPoint, layout) {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code });
  const wrong = await device.popErrorScope();
  if (wrong) return wrong.message;
  try {
    await device.createComputePipelineAsync({ layout, compute: { module, entryPoint } });
    return '';
  } catch (e) {
    return e.message;
  }
}

function layoutOf(device, bindings) {
  const entries = bindings.map((type, binding) => ({
    binding, visibility: GPUShaderStage.COMPUTE,
    ...(type.endsWith('32uint') ? { storageTexture: { access: 'read-only', format: type } } : { buffer: { type } }),
  }));
  return device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
}

// padded returns a shader that declares more, and touches it.
function padded(shader, declarations, touch) {
  return declarations + '\n' + shader.wgsl.replace(new RegExp(`fn ${shader.entry}\\(.*\\) \\{`), m => m + ' ' + touch);
}

// sharedBytes asks for more workgroup memory than there is, beside the
// shader's own: the refusal tells the sum.
async function sharedBytes(device, shader) {
  const more = device.limits.maxComputeWorkgroupStorageSize + 16;
  const code = padded(shader, `var<workgroup> more_shared: array<vec4<u32>, ${more / 16}>;`, 'more_shared[0] = vec4<u32>();');
  const message = await refusal(device, shader.enable + code, shader.entry, 'auto');
  const sum = /total use of workgroup storage \((\d+) bytes\)/.exec(message);
  return sum ? Number(sum[1]) - more : -1;
}

// storageBuffers adds as many storage buffers as there may be, in a group of
// their own: the refusal tells the sum.
async function storageBuffers(device, shader) {
  const more = device.limits.maxStorageBuffersPerShaderStage;
  const all = Array.from({ length: more }, (_, i) => i);
  const code = padded(shader,
    all.map(i => `@group(1) @binding(${i}) var<storage, read_write> more_${i}: array<u32>;`).join('\n'),
    all.map(i => `more_${i}[0] = 0u;`).join(' '));
  const message = await refusal(device, shader.enable + code, shader.entry, 'auto');
  const sum = /number of storage buffers \((\d+)\)/.exec(message);
  return sum ? Number(sum[1]) - more : message ? -1 : 0;
}

for await (const line of createInterface({ input: process.stdin })) {
  const shader = JSON.parse(line);
  const device = await deviceFor(shader.features);
  const result = {
    name: shader.name,
    refused: await refusal(device, shader.enable + shader.wgsl, shader.entry, layoutOf(device, shader.bindings)),
  };
  if (shader.measure) {
    result.shared = await sharedBytes(device, shader);
    result.storage = await storageBuffers(device, shader);
  }
  console.log(JSON.stringify(result));
}
for (const device of devices.values()) device.destroy();
