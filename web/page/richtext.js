// What models write, as elements: paragraphs, headings, lists and code of
// Markdown, and text for everything else. No text becomes HTML.

import { make } from './dom.js';

const fence = /^\s*(`{3,}|~{3,})\s*([\w+#.-]*)/;
const heading = /^#{1,6}\s+(.*)/;
const item = /^\s*(?:[-*+]|\d+[.)])\s+(.*)/;

// blocks cuts a text into the sources of its blocks. A text that grows changes
// its last blocks only.
export function blocks(text) {
  const found = [];
  let lines = [], kind = '', closing = '';
  const end = () => {
    if (lines.length > 0) found.push(lines.join('\n'));
    lines = [];
    kind = '';
  };
  for (const line of text.split('\n')) {
    if (kind === 'code') {
      lines.push(line);
      if (line.trim() === closing) end();
      continue;
    }
    const next = kindOf(line);
    if (next !== kind || next === 'heading') end();
    if (next === 'blank') continue;
    kind = next;
    lines.push(line);
    if (next === 'code') closing = fence.exec(line)[1];
  }
  end();
  return found;
}

function kindOf(line) {
  if (line.trim() === '') return 'blank';
  if (fence.test(line)) return 'code';
  if (heading.test(line)) return 'heading';
  if (item.test(line)) return /^\s*\d/.test(line) ? 'numbered' : 'bulleted';
  return 'paragraph';
}

// show makes an element contain a text, and leaves the blocks that it has as they are.
export function show(element, text) {
  const sources = blocks(text);
  const old = element.sources ?? [];
  let same = 0;
  while (same < old.length && same < sources.length && old[same] === sources[same]) same++;
  while (element.childNodes.length > same) element.lastChild.remove();
  element.append(...sources.slice(same).map(block));
  element.sources = sources;
}

function block(source) {
  const lines = source.split('\n');
  switch (kindOf(lines[0])) {
    case 'code': return code(lines);
    case 'heading': return make('p', { className: 'heading' }, ...inline(heading.exec(source)[1]));
    case 'bulleted': return make('ul', {}, ...items(lines));
    case 'numbered': return make('ol', { start: parseInt(lines[0].trim(), 10) }, ...items(lines));
  }
  return make('p', {}, ...inline(source));
}

function code(lines) {
  const [, mark] = fence.exec(lines[0]);
  const last = lines.length > 1 && lines.at(-1).trim() === mark ? -1 : undefined;
  return make('pre', { tabIndex: 0 }, make('code', {}, lines.slice(1, last).join('\n')));
}

function items(lines) {
  return lines.map(line => make('li', {}, ...inline(item.exec(line)[1])));
}

// inline returns the nodes of a text with `code`, **bold** and *italic* in it.
function inline(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(/`([^`\n]+)`|\*\*(\S(?:[^*\n]*\S)?)\*\*|\*(\S(?:[^*\n]*\S)?)\*/g)) {
    nodes.push(text.slice(at, match.index));
    const [whole, mono, bold, italic] = match;
    nodes.push(mono !== undefined ? make('code', {}, mono) : make(bold !== undefined ? 'strong' : 'em', {}, bold ?? italic));
    at = match.index + whole.length;
  }
  nodes.push(text.slice(at));
  return nodes;
}
