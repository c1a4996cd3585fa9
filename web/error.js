// DreamerError is what fails: a message for people, and a code for programs
// (dreamer.d.ts lists them).
export class DreamerError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = 'DreamerError';
    this.code = code;
  }
}

// check throws where a signal has been aborted.
export function check(signal) {
  if (signal?.aborted) throw new DreamerError('aborted', 'stopped by the page', { cause: signal.reason });
}
