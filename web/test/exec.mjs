#!/usr/bin/env node
// Runs a Go program, compiled for js/wasm, in Chromium as if it ran here: its
// arguments, environment, files and exit status are those of this process.
//
//	GOOS=js GOARCH=wasm go test -exec "$PWD/web/test/exec.mjs" ./runtime/gpu/web

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launch } from './browser.mjs';
import { serve } from './serve.mjs';

// call does one of Node's file operations for the page, which passes and gets
// bytes in base64.
async function call(name, args) {
  try {
    switch (name) {
      case 'write': {
        const [fd, bytes, position] = args;
        return { value: fs.writeSync(fd, Buffer.from(bytes, 'base64'), 0, undefined, position) };
      }
      case 'read': {
        const [fd, length, position] = args;
        const bytes = Buffer.alloc(length);
        const n = fs.readSync(fd, bytes, 0, length, position);
        return { value: bytes.subarray(0, n).toString('base64') };
      }
      case 'stat':
      case 'lstat':
      case 'fstat': {
        const found = await promisify(fs[name])(...args);
        return { value: { ...found, directory: found.isDirectory() } };
      }
      default:
        return { value: await promisify(fs[name])(...args) };
    }
  } catch (e) {
    return { code: e.code ?? 'EIO', message: e.message };
  }
}

// start runs in the page: it stands in for Node, which Go takes js/wasm to run
// in, and runs the program.
async function start({ argv, env, cwd, constants }) {
  const remote = async (callback, name, args, unpack = v => v) => {
    const { value, code, message } = await window.call(name, args);
    if (code) callback(Object.assign(new Error(message), { code }));
    else callback(null, unpack(value));
  };
  const bytesOf = (buffer, offset, length) => buffer.subarray(offset, offset + length).toBase64();
  const stat = found => ({ ...found, isDirectory: () => found.directory });
  const own = {
    constants,
    writeSync(fd, buffer) {
      window.call('write', [fd, buffer.toBase64(), null]);
      return buffer.length;
    },
    write: (fd, buffer, offset, length, position, callback) =>
      remote(callback, 'write', [fd, bytesOf(buffer, offset, length), position]),
    read: (fd, buffer, offset, length, position, callback) =>
      remote(callback, 'read', [fd, length, position], base64 => {
        const bytes = Uint8Array.fromBase64(base64);
        buffer.set(bytes, offset);
        return bytes.length;
      }),
  };
  for (const name of ['stat', 'lstat', 'fstat']) own[name] = (file, callback) => remote(callback, name, [file], stat);
  window.fs = new Proxy(own, {
    get: (_, name) => own[name] ?? ((...args) => remote(args.pop(), name, args)),
  });
  window.process = { cwd: () => cwd, pid: 1, ppid: 1, getuid: () => 0, geteuid: () => 0, getgid: () => 0, getegid: () => 0 };
  window.path = { resolve: file => file.startsWith('/') ? file : cwd + '/' + file };
  const go = new window.Go();
  Object.assign(go, { argv, env, exit: window.exit });
  const { instance } = await WebAssembly.instantiateStreaming(fetch('program.wasm'), go.importObject);
  await go.run(instance);
}

const [program, ...args] = process.argv.slice(2);
const support = join(execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim(), 'lib/wasm');
const server = await serve(support, async (request, response, path) => {
  switch (path) {
    case '/':
      response.writeHead(200, { 'Content-Type': 'text/html' });
      response.end('<!doctype html><title>Go</title><link rel="icon" href="data:,"><script src="wasm_exec.js"></script>');
      return true;
    case '/program.wasm':
      response.writeHead(200, { 'Content-Type': 'application/wasm' });
      fs.createReadStream(program).pipe(response);
      return true;
  }
  return false;
});
const browser = await launch();
let status = 1;
try {
  const page = await browser.newPage();
  const ended = new Promise((exit, fail) => {
    page.exposeFunction('exit', exit);
    page.on('pageerror', fail);
    page.on('crash', () => fail(new Error('the page crashed')));
  });
  await page.exposeFunction('call', call);
  await page.goto(server.url);
  const running = page.evaluate(start, {
    argv: [program, ...args], env: { ...process.env, TMPDIR: process.env.TMPDIR ?? '/tmp' }, cwd: process.cwd(), constants: fs.constants,
  });
  status = await Promise.race([ended, running.then(() => ended)]);
} catch (e) {
  console.error(e);
} finally {
  await browser.close();
  await server.close();
}
process.exit(status);
