// The settings, kept in the browser from visit to visit.

import { find } from './dom.js';
import * as panel from './panel.js';

const form = find('settings');
const key = 'dreamer.settings';

// restore shows the settings of the last visit and keeps those of this one.
export function restore() {
  for (const [name, value] of Object.entries(stored())) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  form.addEventListener('submit', e => e.preventDefault());
  form.addEventListener('input', () => {
    showValues();
    localStorage.setItem(key, JSON.stringify(Object.fromEntries(new FormData(form))));
  });
  showValues();
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

// showValues writes beside each slider where it stands.
function showValues() {
  for (const output of form.querySelectorAll('output')) output.value = find(output.htmlFor.value).value;
}

// answers returns how to answer: the fields of a request, and the system message.
export function answers() {
  return given({
    system: form.elements.system.value.trim(),
    temperature: number('temperature'), top_p: number('top_p'), top_k: number('top_k'),
    seed: number('seed'), max_tokens: number('max_tokens'),
  });
}

// loading returns how to load: options of load.
export function loading() {
  const memory = number('memory');
  return given({ context: number('context'), kv: form.elements.kv.value, memory: memory && Math.floor(memory * 2 ** 30) });
}

// valid reports whether all settings make sense; where not, the browser shows which.
export function valid() {
  const wrong = form.querySelector(':invalid');
  if (!wrong) return true;
  panel.open();
  wrong.closest('details').open = true;
  wrong.reportValidity();
  return false;
}

// number returns a field's value, or undefined where it is empty.
function number(name) {
  const { value } = form.elements[name];
  return value === '' ? undefined : Number(value);
}

// given leaves out what is empty.
function given(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''));
}
