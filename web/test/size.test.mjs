// What a browser has to fetch before it runs anything.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

const root = new URL('../../', import.meta.url);

test('the engine with its kernels takes less than 3 MB by gzip', async () => {
  const packed = await readFile(new URL('bin/web/dreamer.wasm.gz', root));
  assert.deepEqual(gunzipSync(packed), await readFile(new URL('bin/web/dreamer.wasm', root)));
  assert.ok(packed.length < 3e6, `${packed.length} bytes`);
});

test('neither the compiler nor a network library is in it', () => {
  const list = execFileSync('go', ['list', '-tags', 'archive', '-deps', './web/wasm'],
    { cwd: root, encoding: 'utf8', env: { ...process.env, GOOS: 'js', GOARCH: 'wasm' } });
  const packages = list.trim().split('\n');
  assert.ok(packages.includes('github.com/wgslgen/wgslgen/runtime/engine'));
  assert.deepEqual(packages.filter(p => /wgslgen\/(ir|emit|tuner|templates|internal\/(kerneltest|proof))\b|^net(\/|$)/.test(p)), []);
});
