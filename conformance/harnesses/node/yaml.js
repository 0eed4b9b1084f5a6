// YAML as MLmodel files use it, as nodes that know where they stand (line and column from 1, in
// characters). Block and flow, quoted and plain texts, comments, anchors and tags; of block scalars
// the literal and the folded one. What is not YAML, or beyond the bounds of MLM-002, is an error.

/** An error with its rule and place. */
export class Broken extends Error {
  constructor(rule, place = {}) {
    super(rule);
    this.rule = rule;
    this.place = place;
  }
}

const DEEPEST = 64;
const MOST_VALUES = 50_000;
const MOST_ALIASES = 1000;
const MOST_DIRECTIVES = 8;
const MOST_BYTES = 8 * 2 ** 20;
const ESCAPES = { 0: "\0", a: "\x07", b: "\b", t: "\t", n: "\n", v: "\v", f: "\f", r: "\r", e: "\x1b",
  " ": " ", '"': '"', "/": "/", "\\": "\\", N: "\x85", _: "\xa0", L: "\u2028", P: "\u2029" }; // prettier-ignore

/** Read a document; `places` says where each character of the text stands, if not where it is. */
export function parse(text, places = null) {
  if (Buffer.byteLength(text) > MOST_BYTES) throw new Broken("MLM-002");
  return new Reader(text, places).document();
}

/** The place behind a text. */
export function endOf(text) {
  return linesAndColumns([...ofLines(text)]).at(-1);
}

/** A text with one character for each end of a line (MLM-040). */
function ofLines(text) {
  return text.replace(/^\ufeff/, "").replace(/\r\n?|[\x85\u2028\u2029]/g, "\n");
}

/** The place of each character of a text. */
function linesAndColumns(characters) {
  const found = [];
  let [line, column] = [1, 1];
  for (const one of characters) {
    found.push({ line, column });
    [line, column] = one === "\n" ? [line + 1, 1] : [line, column + 1];
  }
  return [...found, { line, column }];
}

class Reader {
  constructor(text, places) {
    // A text within the text keeps its characters, so that each keeps its place.
    this.text = [...(places ? text.replaceAll("\r", " ") : ofLines(text))];
    this.places = places ?? linesAndColumns(this.text);
    this.at = 0;
    this.values = 0;
    this.aliases = 0;
    this.anchors = new Map();
    this.open = new Set(); // anchors of nodes that are being read
  }

  fail(rule = "MLM-001") {
    throw new Broken(rule, this.places[Math.min(this.at, this.text.length)]);
  }

  peek(ahead = 0) {
    return this.text[this.at + ahead];
  }

  startsWith(token) {
    return [...token].every((one, index) => this.peek(index) === one);
  }

  /** How far the line of `at` is indented up to `at`. */
  indent(at = this.at) {
    let start = at;
    while (start > 0 && this.text[start - 1] !== "\n") start -= 1;
    return at - start;
  }

  /** Pass over spaces, comments and, where allowed, ends of lines. */
  space(lines = true) {
    for (;;) {
      const one = this.peek();
      const isComment = one === "#" && (this.at === 0 || /\s/.test(this.text[this.at - 1]));
      if (isComment) while (this.peek() !== undefined && this.peek() !== "\n") this.at += 1;
      else if (one === " " || one === "\t" || (lines && one === "\n")) this.at += 1;
      else return;
    }
  }

  document() {
    this.space();
    for (let lines = 1; this.startsWith("%"); lines += 1) {
      if (lines > MOST_DIRECTIVES) throw new Broken("MLM-002");
      while (this.at < this.text.length && this.text[this.at++] !== "\n");
    }
    if (this.startsWith("---")) this.at += 3;
    const root = this.block(-1, 0);
    this.space();
    if (this.startsWith("...")) this.at += 3;
    this.space();
    if (this.at < this.text.length) this.fail();
    return root;
  }

  node(kind, more, depth) {
    this.values += 1;
    const isTooDeep = kind !== "text" && depth >= DEEPEST;
    if (isTooDeep || this.values > MOST_VALUES) throw new Broken("MLM-002", more.place);
    return { kind, ...more };
  }

  /** A node in block style that is indented by more than `outer`. */
  block(outer, depth, inSequence = false) {
    const start = this.places[this.at];
    this.space();
    const marks = this.marks();
    this.space();
    const indent = this.indent();
    const isBelow = this.peek() === undefined || (indent <= outer && !(inSequence && this.isDash() && indent === outer)) || this.isEnd();
    if (isBelow) return this.scalarNode("", true, marks.place ?? start, marks, depth);
    let found;
    if (this.peek() === "*") found = this.alias(depth);
    else if (this.isDash()) found = this.sequence(indent, depth);
    else if (this.peek() === "|" || this.peek() === ">") found = this.literal(outer, marks, depth);
    else found = this.mappingOrValue(indent, outer, marks, depth);
    return this.named(found, marks);
  }

  isEnd() {
    return this.indent() === 0 && (this.startsWith("---") || this.startsWith("..."));
  }

  isDash() {
    return this.peek() === "-" && /\s/.test(this.peek(1) ?? " ");
  }

  marks() {
    const found = {};
    for (;;) {
      const one = this.peek();
      if (one !== "&" && one !== "!") return found;
      found.place ??= this.places[this.at];
      const word = this.word();
      found[one === "&" ? "anchor" : "tag"] = one === "&" ? word.slice(1) : word;
      if (one === "&") this.open.add(word.slice(1));
      this.space();
    }
  }

  word() {
    const start = this.at;
    while (this.peek() !== undefined && !/[\s,[\]{}]/.test(this.peek())) this.at += 1;
    return this.text.slice(start, this.at).join("");
  }

  named(node, marks) {
    if (marks.anchor) this.anchors.set(marks.anchor, node);
    this.open.delete(marks.anchor);
    return marks.tag || marks.place ? Object.assign(node, { tag: marks.tag ?? node.tag, place: marks.place }) : node;
  }

  alias(depth) {
    const place = this.places[this.at];
    const name = this.word().slice(1);
    if (this.open.has(name)) throw new Broken("MLM-002", place); // it stands within itself
    const target = this.anchors.get(name);
    if (!target) throw new Broken("MLM-001", place);
    this.values += size(target);
    this.aliases += 1;
    const isTooMuch = this.values > MOST_VALUES || this.aliases > MOST_ALIASES || depth + levels(target) > DEEPEST;
    if (isTooMuch) throw new Broken("MLM-002", place);
    return { ...target, place };
  }

  sequence(indent, depth) {
    const node = this.node("list", { place: this.places[this.at], items: [] }, depth);
    while (this.indent() === indent && this.isDash()) {
      this.at += 1;
      node.items.push(this.block(indent, depth + 1));
      this.space();
    }
    return node;
  }

  mappingOrValue(indent, outer, marks, depth) {
    const from = this.at;
    const first = this.flow(depth, outer);
    if (!this.isColon() || this.text.slice(from, this.at).includes("\n")) return first;
    const node = this.node("mapping", { place: first.place, entries: [] }, depth);
    for (let key = first; ; key = this.flow(depth + 1, indent)) {
      if (!this.isColon()) this.fail();
      this.at += 1;
      node.entries.push([key, this.block(indent, depth + 1, true)]);
      this.space();
      if (this.peek() === undefined || this.indent() !== indent || this.isEnd()) return node;
    }
  }

  isColon() {
    this.space(false);
    return this.peek() === ":" && /\s/.test(this.peek(1) ?? " ");
  }

  /** A node in flow style: quoted, plain, or in brackets. */
  flow(depth, outer = -1, inBrackets = false) {
    const place = this.places[this.at];
    const one = this.peek();
    if (one === "*") return this.alias(depth);
    if (one === "[" || one === "{") return this.brackets(one === "[" ? "]" : "}", depth);
    if (one === '"' || one === "'") return this.quoted(one, depth);
    if (one === undefined || "@`%,]}".includes(one)) this.fail();
    return this.plainText(outer, inBrackets, place, depth);
  }

  brackets(end, depth) {
    const isList = end === "]";
    const more = isList ? { items: [] } : { entries: [] };
    const node = this.node(isList ? "list" : "mapping", { place: this.places[this.at], ...more }, depth);
    this.at += 1;
    for (this.space(); this.peek() !== end; this.space()) {
      if (this.peek() === "?" && /\s/.test(this.peek(1) ?? " ")) this.at += 1;
      this.space();
      const item = this.marked(depth + 1);
      this.space();
      if (isList) node.items.push(this.peek() === ":" ? this.pair(item, depth + 1) : item);
      else node.entries.push([item, this.valueInBraces(depth + 1)]);
      this.space();
      if (this.peek() === ",") this.at += 1;
      else if (this.peek() !== end) this.fail();
    }
    this.at += 1;
    return node;
  }

  /** A mapping of one entry, as a list may hold it without braces. */
  pair(key, depth) {
    const node = this.node("mapping", { place: key.place, entries: [] }, depth);
    node.entries.push([key, this.valueInBraces(depth + 1)]);
    return node;
  }

  marked(depth) {
    const marks = this.marks();
    return this.named(this.flow(depth, -1, true), marks);
  }

  valueInBraces(depth) {
    if (this.peek() !== ":") return this.scalarNode("", true, this.places[this.at], {}, depth);
    this.at += 1;
    const start = this.places[this.at];
    this.space();
    if (",}]".includes(this.peek() ?? "}")) return this.scalarNode("", true, start, {}, depth);
    return this.marked(depth);
  }

  scalarNode(value, isPlain, place, marks, depth, characters = []) {
    return this.node("text", { value, isPlain, place, tag: marks.tag, characters }, depth);
  }

  quoted(quote, depth) {
    const place = this.places[this.at];
    const [value, characters] = [[], []];
    for (this.at += 1; ; this.at += 1) {
      const one = this.peek();
      if (one === undefined) this.fail();
      if (one === quote && !(quote === "'" && this.peek(1) === "'")) break;
      characters.push(this.places[this.at]);
      if (one === "\n") this.fold(value, characters);
      else if (one === quote) this.at += value.push(quote) && 1;
      else if (one === "\\" && quote === '"') this.escape(value, characters);
      else value.push(one);
    }
    characters.push(this.places[this.at]);
    this.at += 1;
    return this.scalarNode(value.join(""), false, place, {}, depth, characters);
  }

  escape(value, characters) {
    const one = this.text[(this.at += 1)];
    const digits = { x: 2, u: 4, U: 8 }[one];
    if (one === "\n") {
      characters.pop();
      while (this.peek(1) === " " || this.peek(1) === "\t") this.at += 1;
    } else if (digits) {
      value.push(String.fromCodePoint(parseInt(this.text.slice(this.at + 1, this.at + 1 + digits).join(""), 16)));
      this.at += digits;
    } else if (one in ESCAPES) value.push(ESCAPES[one]);
    else this.fail();
  }

  /** An end of line within a text: a space, or as many ends as there are empty lines. */
  fold(value, characters) {
    const place = characters.pop();
    while (value.at(-1) === " " || value.at(-1) === "\t") {
      value.pop();
      characters.pop();
    }
    let empty = 0;
    while (/\s/.test(this.peek(1) ?? "x")) if (this.text[(this.at += 1)] === "\n") empty += 1;
    for (const one of empty ? "\n".repeat(empty) : " ") value.push(one) && characters.push(place);
  }

  plainText(outer, inBrackets, place, depth) {
    const [value, characters] = [[], []];
    for (;;) {
      const one = this.peek();
      const isColon = one === ":" && /[\s]/.test(this.peek(1) ?? " ");
      const isStop = inBrackets && (",[]{}".includes(one ?? "]") || (one === ":" && ",]}".includes(this.peek(1) ?? "}")));
      if (one === undefined || isColon || isStop || (one === "#" && /\s/.test(value.at(-1) ?? ""))) break;
      if (one === "\n") {
        let next = this.at;
        while (/\s/.test(this.text[next] ?? "x")) next += 1;
        const goesOn = this.text[next] !== undefined && this.text[next] !== "#" && (inBrackets || this.indent(next) > outer);
        if (!goesOn) break;
        characters.push(this.places[this.at]);
        this.fold(value, characters);
      } else value.push(one) && characters.push(this.places[this.at]);
      this.at += 1;
    }
    const whole = value.join("").trimEnd();
    return this.scalarNode(whole, true, place, {}, depth, characters.slice(0, [...whole].length + 1));
  }

  /** A block scalar, `|` or `>`. */
  literal(outer, marks, depth) {
    const place = this.places[this.at];
    const isFolded = this.peek() === ">";
    let header = "";
    while (this.peek() !== undefined && this.peek() !== "\n") header += this.text[this.at++];
    this.at += 1;
    const lines = [];
    let width = 0;
    while (this.at < this.text.length) {
      let [start, end] = [this.at, this.at];
      while (this.text[end] === " ") end += 1;
      const isEmpty = this.text[end] === "\n" || end === this.text.length;
      if (!isEmpty && width === 0) width = end - start;
      if (!isEmpty && (end - start < width || width <= Math.max(outer, 0) && outer >= 0)) break;
      start += isEmpty ? Math.min(end - start, width) : width;
      for (end = start; end < this.text.length && this.text[end] !== "\n"; ) end += 1;
      lines.push([start, end]);
      this.at = end + 1;
    }
    const texts = lines.map(([start, end]) => this.text.slice(start, end).join(""));
    while (texts.length && texts.at(-1) === "") texts.pop();
    const value = texts.join(isFolded ? " " : "\n") + (header.includes("-") || !texts.length ? "" : "\n");
    const characters = lines.flatMap(([start, end]) => this.places.slice(start, end + 1));
    this.at = Math.min(this.at, this.text.length);
    return this.scalarNode(value, false, place, marks, depth, characters);
  }
}

/** How many lists and mappings stand in one another. */
function levels(node) {
  const inner = node.items ?? node.entries?.flat() ?? [];
  node.levels ??= node.kind === "text" ? 0 : 1 + inner.reduce((most, one) => Math.max(most, levels(one)), 0);
  return node.levels;
}

function size(node) {
  const inner = node.items ?? node.entries?.flat() ?? [];
  node.size ??= 1 + inner.reduce((sum, one) => sum + size(one), 0);
  return node.size;
}
