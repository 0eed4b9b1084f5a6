'use strict';
// What page and docs share: elements, JSON whose numbers keep their digits, requests, tabs.
// Text from outside is only ever appended as text, never as markup.
const { root: below, view: kind } = document.documentElement.dataset;
// The page of the server itself may be asked for without the last slash, below a path of a proxy.
const root = kind === 'page' && !location.pathname.endsWith('/') ? `${location.pathname.split('/').pop()}/` : below;
for (const link of document.querySelectorAll('header a')) link.setAttribute('href', root + link.getAttribute('href').slice(below.length));
const $ = id => document.getElementById(id);

function el(tag, attributes, ...children) {
  const made = tag === 'svg' || SVG.has(tag)
    ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}
const SVG = new Set(['rect', 'line', 'path', 'text', 'g', 'title']);

// A number as it was written: 9007199254740993 is not what JavaScript makes of it.
class Num {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = [['true', true], ['false', false], ['null', null]];

// Objects become Maps: their keys keep their order, and none of them means anything here.
function read(text) {
  let at = 0;
  const fail = () => {
    const before = text.slice(0, at).split('\n');
    throw new SyntaxError(`This is not JSON: see line ${before.length}, column ${before.at(-1).length + 1}.`);
  };
  const skip = () => { while (' \t\r\n'.includes(text[at] || 'x')) at++; };
  const take = pattern => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found && found[0];
  };
  const string = () => {
    const found = take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    return found === null ? fail() : JSON.parse(found);
  };
  const items = (end, item) => {
    at++;
    skip();
    if (text[at] === end) { at++; return; }
    for (;;) {
      item();
      skip();
      if (text[at] === end) { at++; return; }
      if (text[at] !== ',') fail();
      at++;
    }
  };
  const value = () => {
    skip();
    const first = text[at];
    if (first === '"') return string();
    if (first === '[') { const list = []; items(']', () => list.push(value())); return list; }
    if (first === '{') {
      const map = new Map();
      items('}', () => {
        skip();
        const key = string();
        skip();
        if (text[at++] !== ':') { at--; fail(); }
        map.set(key, value());
      });
      return map;
    }
    for (const [word, meant] of WORDS) if (text.startsWith(word, at)) { at += word.length; return meant; }
    const number = take(NUMBER);
    return number === null ? fail() : new Num(number);
  };
  const found = value();
  skip();
  if (at < text.length) fail();
  return found;
}

// JSON, or with other words Python; long lists and objects on several lines.
function write(value, words = { true: 'true', false: 'false', null: 'null' }, pad = '') {
  if (value === null || typeof value === 'boolean') return words[value];
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || value instanceof Num) return String(value);
  const inner = pad === null ? null : pad + '  ';
  const isMap = value instanceof Map;
  const parts = isMap
    ? [...value].map(([key, one]) => `${JSON.stringify(key)}: ${write(one, words, inner)}`)
    : value.map(one => write(one, words, inner));
  const [open, close] = isMap ? '{}' : '[]';
  const short = parts.join(', ');
  if (!isMap && pad !== null && !short.includes('\n') && value.some(one => one === null || typeof one !== 'object' || one instanceof Num)) return open + filled(parts, inner, pad) + close;
  if (pad === null || !parts.length || (short.length + pad.length < 88 && !short.includes('\n'))) return open + short + close;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${pad}${close}`;
}
// Short items on lines of some length, in the place of one line for each.
function filled(parts, inner, pad) {
  const lines = [''];
  for (const part of parts) {
    const at = lines.length - 1, now = lines[at] ? `${lines[at]}, ${part}` : part;
    if (lines[at] && now.length + inner.length > 48) { lines[at] += ','; lines.push(part); } else lines[at] = now;
  }
  return lines.length === 1 ? lines[0] : `\n${inner}${lines.join(`\n${inner}`)}\n${pad}`;
}
const compact = (value, words) => write(value, words, null);

let token = null;
const withToken = headers => token === null ? headers : { ...headers, Authorization: `Bearer ${token}` };

async function ask(path, options = {}) {
  const answer = await fetch(root + path, { ...options, headers: withToken(options.headers || {}) });
  if (answer.status === 401 && await askForToken()) return ask(path, options);
  return answer;
}

async function json(path) {
  const answer = await ask(path, { headers: { Accept: 'application/json' } });
  const body = read(await answer.text());
  if (!answer.ok) throw new Error(body.get('message') || body.get('error') || `The server answered ${answer.status}.`);
  return body;
}

// The server wants a token: it is asked for, and kept as long as the page is open.
function askForToken() {
  return new Promise(resolve => {
    const input = el('input', { type: 'password', id: 'token', autocomplete: 'off' });
    const form = el('form', { class: 'card', submit: event => {
      event.preventDefault();
      token = input.value.trim();
      form.remove();
      resolve(true);
    } }, el('h2', {}, 'This server asks for a token'),
    el('p', {}, el('label', { for: 'token' }, 'Bearer token'), input),
    el('button', { class: 'main' }, 'Go on'));
    $('main').prepend(form);
    input.focus();
  });
}

// Tabs by the pattern of the ARIA practices: arrows move, one of them is in the order of Tab.
function tabs(label, names, chosen, choose) {
  const list = el('div', { class: 'tabs', role: 'tablist', 'aria-label': label });
  let current = chosen;
  const select = (name, focus) => {
    if (choose(name) !== false) current = name;
    for (const tab of list.children) {
      const is = tab.dataset.name === current;
      tab.setAttribute('aria-selected', is);
      tab.tabIndex = is ? 0 : -1;
      if (is && focus) tab.focus();
    }
  };
  for (const name of names) list.append(el('button', { type: 'button', role: 'tab', 'data-name': name, click: () => select(name) }, name));
  list.addEventListener('keydown', event => {
    const now = names.indexOf(document.activeElement.dataset.name);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(names[(to + names.length) % names.length], true);
  });
  select(chosen);
  return list;
}

function copying(text) {
  return el('button', { type: 'button', class: 'small', click: async event => {
    const button = event.currentTarget;
    try { await navigator.clipboard.writeText(text()); button.textContent = 'Copied'; } catch { button.textContent = 'Not allowed'; }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  } }, 'Copy');
}

function oops(error) {
  const said = el('div', { class: 'wrongs', role: 'alert' }, el('b', {}, 'This did not work. '), String(error.message || error));
  $('main').prepend(said);
}
