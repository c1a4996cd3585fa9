// How far loading is: bytes or pipelines, and the time left.

import { announce, find } from './dom.js';
import { bytes, duration } from './format.js';

const doing = { download: 'Downloading', upload: 'Loading onto the GPU', compile: 'Compiling' };

// Progress shows the phases of one loading.
export class Progress {
  #phase = '';
  #estimate;

  // What the button does is cancel.
  constructor(name, cancel) {
    find('loading').hidden = false;
    find('cancel').onclick = cancel;
    find('loading-what').textContent = `Opening ${name}`;
    find('loading-figures').textContent = '';
    find('loading-bar').removeAttribute('value');
    announce(`Loading ${name}`);
  }

  // update shows a report of load.
  update({ phase, done, total, restarted }) {
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#estimate = new Estimate();
      find('loading-what').textContent = doing[phase];
    }
    if (restarted) find('loading-what').textContent = 'Downloading from the start (the server cannot go on)';
    this.#estimate.add(done, performance.now() / 1000);
    find('loading-figures').textContent = figures(phase, done, total, this.#estimate);
    const bar = find('loading-bar');
    if (total > 0) Object.assign(bar, { max: total, value: done });
    else bar.removeAttribute('value');
  }

  end() {
    find('loading').hidden = true;
  }
}

function figures(phase, done, total, estimate) {
  if (phase === 'compile') return total > 0 ? `${done} of ${total} programs` : '';
  const parts = [total > 0 ? `${bytes(done, total)} of ${bytes(total)}` : bytes(done)];
  if (estimate.rate > 0) {
    parts.push(`${bytes(estimate.rate)}/s`);
    if (total > done) parts.push(`${duration((total - done) / estimate.rate)} left`);
  }
  return parts.join(' · ');
}

// Estimate is the rate of the last seconds.
export class Estimate {
  static window = 5; // seconds
  static least = 0.5; // before which nothing is known
  #points = [];

  // add says how much is done at a time in seconds.
  add(done, time) {
    this.#points.push({ done, time });
    while (this.#points.length > 2 && this.#points[1].time < time - Estimate.window) this.#points.shift();
  }

  // rate is what gets done in a second; 0 while it is not known.
  get rate() {
    const first = this.#points[0], last = this.#points.at(-1);
    return last.time - first.time < Estimate.least ? 0 : (last.done - first.done) / (last.time - first.time);
  }
}
