// The page is built of nodes, never of text that a browser would read as HTML: what stands in events is somebody else's.

// Marks that nobody sees and that turn, hide or forge what stands around them (of the hidden characters of EVT-5 all but accents,
// wide forms and joiners, which languages need).
const HIDDEN = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF0-\uFFFB\u{E0000}-\u{E0FFF}]/gu;

/** A text as it may be shown: in place of such a mark stands the sign for what cannot be read. */
export function visible(text) {
  return String(text).replace(HIDDEN, '\uFFFD');
}

const SVG = 'http://www.w3.org/2000/svg';

const SHOWN = ['aria-label', 'title'];

function put(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    node.append(child instanceof Node ? child : visible(child));
  }
  return node;
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === 'value' || name === 'checked') {
      node[name] = value;
    } else {
      node.setAttribute(name, value === true ? '' : SHOWN.includes(name) ? visible(value) : value);
    }
  }
  return node;
}

/** An element with attributes (`on`: listeners), and children: nodes, texts, lists of them; null and false are left out. */
export function h(name, attributes, ...children) {
  return put(set(document.createElement(name), attributes), children);
}

/** The same in SVG. */
export function s(name, attributes, ...children) {
  return put(set(document.createElementNS(SVG, name), attributes), children);
}

/** What was in `node` gives way to `children`. */
export function fill(node, ...children) {
  node.replaceChildren();
  return put(node, children);
}

/** Lets the browser draw and listen before the work goes on. */
export function breathe() {
  if (globalThis.scheduler?.yield) return globalThis.scheduler.yield();
  return new Promise((go) => setTimeout(go, 0));
}

/** Does `work` for each of `items`, in slices of a few milliseconds. */
export async function slices(items, work, ms = 8) {
  let end = performance.now() + ms;
  for (const item of items) {
    work(item);
    if (performance.now() < end) continue;
    await breathe();
    end = performance.now() + ms;
  }
}

/** What the machine is about to be handed, as a file that the person keeps. */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
