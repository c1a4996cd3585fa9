// The panel of models and settings: beside the conversation, or over it where
// there is no room for both.

import { find } from './dom.js';

const panel = find('panel'), button = find('menu');
const narrow = matchMedia('(max-width: 54rem)');

export function start() {
  button.onclick = () => set(button.ariaExpanded !== 'true');
  narrow.onchange = () => set(false);
  addEventListener('keydown', e => {
    if (e.key === 'Escape' && button.ariaExpanded === 'true') close();
  });
  set(false);
}

export function open() {
  set(true);
}

// close returns to the conversation.
export function close() {
  if (!narrow.matches) return;
  const inside = panel.contains(document.activeElement);
  set(false);
  if (inside) button.focus();
}

function set(open) {
  button.ariaExpanded = String(open);
  panel.inert = narrow.matches && !open;
  for (const part of find('main').children) part.inert = narrow.matches && open;
}
