// A server of one file, that can be as bad as servers are.

export class FileServer {
  constructor(content) {
    this.content = content;
    this.reset();
  }

  // reset makes it a good one.
  reset() {
    this.etag = '"first"';
    this.status = 0; // to answer with instead
    this.ranges = true; // whether it honours them
    this.sizes = true; // whether it tells them
    this.cut = Infinity; // bytes after which each connection breaks
    this.stall = false; // or hangs, instead
    this.connections = Infinity; // after which it answers 403
    this.fail = 0; // requests to answer with 503
    this.requests = []; // the offsets that were asked for
  }

  async answer(request, response) {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const asked = range ? Number(range[1]) : 0;
    this.requests.push(asked);
    const refusal = this.status || (this.connections-- <= 0 && 403) || (this.fail-- > 0 && 503);
    if (refusal) {
      response.writeHead(refusal).end();
      return true;
    }
    const partial = this.ranges && range;
    const from = partial ? asked : 0;
    const to = partial && range[2] ? Number(range[2]) + 1 : this.content.length;
    response.writeHead(partial ? 206 : 200, {
      'Content-Type': 'application/octet-stream',
      ETag: this.etag,
      ...this.sizes && { 'Content-Length': to - from },
      ...partial && { 'Content-Range': `bytes ${from}-${to - 1}/${this.sizes ? this.content.length : '*'}` },
    });
    if (to - from <= this.cut) {
      response.end(this.content.subarray(from, to));
      return true;
    }
    response.write(this.content.subarray(from, from + this.cut), () => {
      // A while later, so that the browser has seen the bytes.
      if (!this.stall) setTimeout(() => response.destroy(), 200);
    });
    return true;
  }
}
