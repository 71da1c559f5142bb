// The little of Markdown that the document uses, as nodes: headings, lists, paragraphs, `code`, **strong**.

import { el } from '../shared/dom.js';

/** The nodes of a line. */
export function inline(text) {
  return (text ?? '').split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (/^`.+`$/.test(part)) return el('code', {}, part.slice(1, -1));
    if (/^\*\*.+\*\*$/.test(part)) return el('strong', {}, inline(part.slice(2, -2)));
    return part;
  });
}

/** The nodes of a text; its headings are `heading`s. */
export function prose(text, heading = 'h3') {
  const nodes = [];
  let list = null;
  for (const line of (text ?? '').split('\n')) {
    if (line.startsWith('- ')) {
      if (!list) nodes.push(list = el('ul'));
      list.append(el('li', {}, inline(line.slice(2))));
    } else if (line.startsWith('## ')) {
      list = null;
      nodes.push(el(heading, {}, inline(line.slice(3))));
    } else if (line) {
      list = null;
      nodes.push(el('p', {}, inline(line)));
    }
  }
  return nodes;
}
