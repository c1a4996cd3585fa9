// A server of static files on loopback, for tests.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

// serve serves the files of a folder, but for requests that handle takes: an
// async function of (request, response, path) that returns true where it
// answers. It returns the address, such as http://127.0.0.1:1234, and a
// function that stops.
export async function serve(folder, handle = async () => false) {
  const server = createServer(async (request, response) => {
    try {
      const path = decodeURIComponent(new URL(request.url, 'http://host').pathname);
      if (await handle(request, response, path)) return;
      await send(response, folder, path.endsWith('/') ? path + 'index.html' : path);
    } catch (e) {
      response.writeHead(500).end(String(e));
    }
  });
  await new Promise(listening => server.listen(0, '127.0.0.1', listening));
  const close = () => new Promise(closed => {
    server.close(closed);
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

// send answers with one file, whole.
export async function send(response, folder, path) {
  const file = join(folder, normalize('/' + path));
  const found = await stat(file).catch(() => null);
  if (!found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'Content-Type': types[extname(file)] ?? 'application/octet-stream',
    'Content-Length': found.size,
  });
  createReadStream(file).pipe(response);
}
