// The browser's side of package web. It keeps the objects of a GPUDevice by
// number, so that Go names them without a reference from one heap to the other,
// and plays lists of commands that Go encodes as words.
//
// What returns a promise rejects it with a GPUError or a DOMException.
(device => {
  const queue = device.queue;
  const objects = [null]; // 0 is no object
  const unused = []; // numbers that are free
  const layouts = new Map(); // of bind groups, by their bindings
  const errors = []; // that no error scope caught
  let commands = new Uint32Array(1 << 12);
  let bytes = new Uint8Array(1 << 12);

  device.addEventListener('uncapturederror', event => errors.push(event.error));

  function add(object) {
    const number = unused.pop() ?? objects.length;
    objects[number] = object;
    return number;
  }

  // scoped promises the object that make makes, or what is wrong with it.
  async function scoped(make) {
    device.pushErrorScope('validation');
    device.pushErrorScope('out-of-memory');
    const object = make();
    const wrong = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    for (const error of wrong) if (error) throw error;
    return object;
  }

  const types = { r: 'read-only-storage', w: 'storage', u: 'uniform' };

  // layoutOf returns the layout of bindings, a letter each.
  function layoutOf(bindings) {
    let layout = layouts.get(bindings);
    if (!layout) {
      layout = device.createBindGroupLayout({
        entries: Array.from(bindings, (letter, binding) => ({
          binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: types[letter] },
        })),
      });
      layouts.set(bindings, layout);
    }
    return layout;
  }

  // usages are what Go's bits of a buffer's usage stand for.
  const usages = [
    GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    GPUBufferUsage.INDIRECT | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    0, 0, 0, // texels, which Go refuses
    GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  ];

  return {
    // firstError returns the first error that no scope caught, once.
    firstError: () => errors.shift(),

    async buffer(size, bits) {
      const usage = usages.reduce((sum, flags, i) => bits & 1 << i ? sum | flags : sum, 0);
      return add(await scoped(() => device.createBuffer({ size, usage })));
    },

    async pipeline(label, code, entryPoint, bindings) {
      let made;
      const compiled = scoped(() => {
        const module = device.createShaderModule({ label, code });
        const layout = device.createPipelineLayout({ bindGroupLayouts: [layoutOf(bindings)] });
        made = device.createComputePipelineAsync({ label, layout, compute: { module, entryPoint } });
      });
      const [{ reason }, pipeline] = await Promise.allSettled([compiled, made]);
      if (reason ?? pipeline.reason) throw reason ?? pipeline.reason; // the compiler's own words first
      return add(pipeline.value);
    },

    // group binds ranges: a buffer, an offset and a size each.
    group(bindings, ...ranges) {
      const entries = [];
      for (let i = 0; i < ranges.length; i += 3) {
        const resource = { buffer: objects[ranges[i]], offset: ranges[i + 1], size: ranges[i + 2] };
        entries.push({ binding: i / 3, resource });
      }
      return add(device.createBindGroup({ layout: layoutOf(bindings), entries }));
    },

    queries: count => add(device.createQuerySet({ type: 'timestamp', count })),

    drop(number) {
      objects[number].destroy?.();
      objects[number] = null;
      unused.push(number);
    },

    // bytes returns room for the bytes of the next write.
    bytes(n) {
      if (bytes.length < n) bytes = new Uint8Array(n);
      return bytes;
    },

    write: (buffer, offset, n) => queue.writeBuffer(objects[buffer], offset, bytes, 0, n),

    // commands returns room, in bytes, for n words of commands.
    commands(n) {
      if (commands.length < n) commands = new Uint32Array(2 * n);
      return new Uint8Array(commands.buffer);
    },

    // play submits n words of commands, six a command; offsets and sizes are in words.
    play(n) {
      const encoder = device.createCommandEncoder();
      let pass = null, pipeline = 0, group = 0;
      for (let i = 0; i < n; i += 6) {
        const kind = commands[i], a = commands[i + 1], b = commands[i + 2], c = commands[i + 3], d = commands[i + 4], e = commands[i + 5];
        if (kind < 2) {
          if (!pass) {
            pass = encoder.beginComputePass();
            pipeline = group = 0;
          }
          if (a !== pipeline) pass.setPipeline(objects[pipeline = a]);
          if (b !== group) pass.setBindGroup(0, objects[group = b]);
          if (kind === 0) pass.dispatchWorkgroups(c, d, e);
          else pass.dispatchWorkgroupsIndirect(objects[c], 4 * d);
          continue;
        }
        pass?.end();
        pass = null;
        switch (kind) {
          case 2:
            encoder.copyBufferToBuffer(objects[a], 4 * b, objects[c], 4 * d, 4 * e);
            break;
          case 3:
            encoder.clearBuffer(objects[a], 0, 4 * b);
            break;
          case 4:
            encoder.beginComputePass({ timestampWrites: { querySet: objects[a], endOfPassWriteIndex: b } }).end();
            break;
          case 5:
            encoder.resolveQuerySet(objects[a], 0, b, objects[c], 0);
            break;
        }
      }
      pass?.end();
      queue.submit([encoder.finish()]);
    },

    close: () => device.destroy(),

    done: () => queue.onSubmittedWorkDone(),

    map: (staging, n) => objects[staging].mapAsync(GPUMapMode.READ, 0, n),
    mapped: (staging, n) => new Uint8Array(objects[staging].getMappedRange(0, n)),
    unmap: staging => objects[staging].unmap(),
  };
})
