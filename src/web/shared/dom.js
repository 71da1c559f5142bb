// Building pages: elements with attributes, listeners and children. What people typed only ever becomes text.

/**
 * An element. Attributes: `class`, `hidden`, …; true sets it bare, false and null leave it out; `on` holds listeners.
 */
export function el(tag, attributes = {}, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

/** The same for drawings. */
export function svg(tag, attributes = {}, ...children) {
  return dressed(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function dressed(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (/^(on|style$|srcdoc$)/i.test(name)) {
      throw new Error(`no ${name} as an attribute`);
    } else if (value !== false && value != null) {
      node.setAttribute(name, value === true ? '' : value);
    }
  }
  fill(node, ...children);
  return node;
}

/** Puts children in place of what is there: nodes, texts, numbers, lists of them; null and false are left out. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child != null && child !== false && child !== ''));
  return node;
}

/** Has the page use a style sheet that it did not need before; comes back once it is there, or cannot be had. */
export function styleSheet(href) {
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  return new Promise((resolve) => { document.head.append(el('link', { rel: 'stylesheet', href, on: { load: resolve, error: resolve } })); });
}

/** Sets a text only when it differs, so that a screen reader is not told the same again. */
export function tell(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
