// The few things that every part of the page does with elements.

// find returns the element of an id.
export const find = id => document.getElementById(id);

// make returns an element with properties and children: make('p', {className: 'hint'}, 'text').
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// announce has screen readers say a text.
export function announce(text) {
  find('announcer').textContent = text;
}
