// JSON that keeps what JavaScript's own reader loses: all digits of a number, whether it was
// written with a fraction, and the order of keys. Objects are Maps.

/** A number as it was written. */
export class Num {
  constructor(text) {
    this.text = text;
  }

  /** Whether it is an integer literal (ENF-042): digits, with or without a minus sign. */
  get isInteger() {
    return /^-?\d+$/.test(this.text);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS = [["true", true], ["false", false], ["null", null]];

/** Read a JSON text. */
export function parse(text) {
  let at = 0;
  const match = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found?.[0];
  };
  const fail = () => {
    throw new SyntaxError(`not JSON at character ${at}`);
  };
  const take = (token) => {
    match(SPACE);
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const list = (end, item) => {
    if (take(end)) return;
    do item();
    while (take(","));
    if (!take(end)) fail();
  };
  const key = () => {
    match(SPACE);
    return JSON.parse(match(TEXT) ?? fail());
  };
  const value = () => {
    if (take("{")) {
      const object = new Map();
      list("}", () => {
        const name = key();
        if (!take(":")) fail();
        object.set(name, value());
      });
      return object;
    }
    if (take("[")) {
      const items = [];
      list("]", () => items.push(value()));
      return items;
    }
    for (const [word, meant] of WORDS) if (take(word)) return meant;
    const quoted = match(TEXT);
    if (quoted !== undefined) return JSON.parse(quoted);
    const number = match(NUMBER);
    return number === undefined ? fail() : new Num(number);
  };
  const found = value();
  match(SPACE);
  if (at < text.length) fail();
  return found;
}

/** Write a value as JSON. A double that JSON has no number for becomes its text (ENF-064). */
export function stringify(value) {
  if (value === undefined) return "null";
  if (value instanceof Num) return value.text;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return JSON.stringify(String(value));
    return Object.is(value, -0) ? "-0.0" : String(value);
  }
  if (Array.isArray(value)) return `[${value.map(stringify).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${stringify(one)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Return plain JavaScript for what is no data: Maps as objects, numbers as numbers. */
export function plain(value) {
  if (value instanceof Num) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]));
  return value;
}
