// The conversation as it is seen.

import { find, make } from './dom.js';
import { show } from './richtext.js';

const list = find('transcript');
const scroller = find('scroller');

export function clear() {
  list.replaceChildren();
  list.hidden = true;
}

// question shows what the user wrote.
export function question(text) {
  list.hidden = false;
  list.append(make('article', { className: 'question' }, make('span', { className: 'unseen' }, 'You: '), text));
  scroller.scrollTop = scroller.scrollHeight;
}

// takeBack removes the newest question.
export function takeBack() {
  list.lastElementChild.remove();
}

// Answer is what the model writes, as it comes.
export class Answer {
  text = '';
  #body = make('div', { className: 'text' });
  #notes = make('p', { className: 'notes' });
  #item = make('article', { className: 'answer writing' }, make('span', { className: 'unseen' }, 'Model: '), this.#body, this.#notes);
  #frame = 0;

  constructor() {
    list.append(this.#item);
    list.ariaBusy = 'true'; // to be read out when it is whole
    this.#follow(() => {});
  }

  // add shows more of the text, with the next frame.
  add(text) {
    this.text += text;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#follow(() => show(this.#body, this.text));
  }

  // note adds a remark below the text.
  note(text) {
    this.#follow(() => this.#notes.append(make('span', {}, text)));
  }

  // finish ends the answer. again is what a button below it does.
  finish(again) {
    this.#draw();
    list.ariaBusy = 'false';
    this.#item.classList.remove('writing');
    list.querySelector('.again')?.remove(); // only the newest can be given again
    const copy = make('button', { type: 'button', className: 'plain', onclick: () => this.#copy(copy) }, 'Copy');
    const repeat = make('button', { type: 'button', className: 'plain again', onclick: again }, 'Try again');
    this.#follow(() => this.#notes.append(copy, repeat));
  }

  async #copy(button) {
    button.textContent = await navigator.clipboard.writeText(this.text).then(() => 'Copied', () => 'Not allowed');
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  }

  remove() {
    cancelAnimationFrame(this.#frame);
    list.ariaBusy = 'false';
    this.#item.remove();
  }

  // #follow changes something, and stays at the end where the reader is there.
  #follow(change) {
    const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
    change();
    if (atEnd) scroller.scrollTop = scroller.scrollHeight;
  }
}
