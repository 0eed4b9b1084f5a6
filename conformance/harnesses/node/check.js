// check-model: an MLmodel file, alone or in a folder, held against schemas/v1. The schemas are the
// single source of keys; their keywords x-rule, x-form, x-file and so on say which rule is broken.

import { readFileSync, readdirSync } from "node:fs";
import { Broken, endOf, parse } from "./yaml.js";

const SCHEMAS = new URL("../../../schemas/v1/", import.meta.url);
const schema = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, SCHEMAS), "utf8"));
const KNOWN = Object.fromEntries(
  ["mlmodel", "signature", "input-example-info"].map((name) => [`${name}.json`, schema(name)]),
);
const FLAVORS = Object.fromEntries(
  readdirSync(new URL("flavors/", SCHEMAS)).map((file) => [file.slice(0, -5), schema(`flavors/${file.slice(0, -5)}`)]),
);

for (const one of Object.values(FLAVORS)) for (const name of one["x-names"] ?? []) FLAVORS[name] = one;

// The types of YAML 1.1 by the form of a plain text (MLM-006).
const FORMS = [
  ["null", /^(?:~|null|Null|NULL|)$/],
  ["boolean", /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/],
  ["integer", /^[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/],
  ["number", /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/],
  ["time", /^\d{4}-\d\d-\d\d$|^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/],
]; // prettier-ignore
// YAML's own tags, and the kind of node that each is for (MLM-004); `!` alone makes a text.
const TAGS = {
  "!": "text", "!!str": "text", "!!int": "text", "!!float": "text", "!!bool": "text", "!!null": "text",
  "!!timestamp": "text", "!!binary": "text", "!!seq": "list", "!!map": "mapping", "!!set": "mapping",
}; // prettier-ignore
const LONGEST_POINTER = 1000;
const TAGGED = { "!!int": ["integer"], "!!float": ["integer", "number"], "!!bool": ["boolean"], "!!null": ["null"], "!!timestamp": ["time"] };
const LONGEST_PATH = 4096;
const LONGEST_FORM = 1000;
const TIME = /^(\d\d\d?\d?)-(\d\d?)-(\d\d?)(?:(?:T|t| +)(\d\d?):(\d\d)(?::(\d\d))?(?:[.,](\d+))?(?:\.(\d+))?\s*(Z|[-+]\d\d?(?::?\d\d)?)?)?$/;

/** The operation of a harness. */
export function checkModel(input) {
  const checker = new Checker(input.get("files"));
  try {
    checker.root(parse(textOf(input)));
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    checker.add(error.rule, null, error.place);
  }
  const violations = checker.found.sort(inOrder);
  return { valid: violations.every((one) => one.severity !== "error"), violations };
}

/** The order of violations: by place, and at one place by the ids of their rules (MLM-042). */
function inOrder(a, b) {
  return a.line - b.line || a.column - b.column || (a.rule < b.rule ? -1 : Number(a.rule > b.rule));
}

/** The file of a case: its text, its bytes, or pairs of a text and how many times it stands there. */
function textOf(input) {
  if (input.has("mlmodel_base64")) return decoded(Buffer.from(input.get("mlmodel_base64"), "base64"));
  if (!input.has("mlmodel_parts")) return input.get("mlmodel");
  return input.get("mlmodel_parts").map(([text, times]) => text.repeat(Number(times.text))).join("");
}

/** The text of bytes in UTF-8, or the place of the first that is none (MLM-001). */
function decoded(bytes) {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  let [at, read] = [0, ""];
  for (const one of text) {
    const wanted = Buffer.from(one);
    if (!bytes.subarray(at, at + wanted.length).equals(wanted)) throw new Broken("MLM-001", endOf(read));
    at += wanted.length;
    read += one;
  }
  return text;
}

class Checker {
  constructor(files) {
    this.files = files;
    this.found = [];
    this.texts = new Set(); // the nodes that are texts by their schema (MLM-005)
  }

  add(rule, pointer, place, severity = "error") {
    const shown = pointer !== null && pointer.length <= LONGEST_POINTER ? pointer : null; // MLM-035
    this.found.push({ rule, severity, pointer: shown, file: "MLmodel", line: place?.line ?? null, column: place?.column ?? null });
  }

  root(node) {
    if (node.kind !== "mapping") throw new Broken("MLM-001", isEmpty(node) ? {} : node.place);
    this.yaml(node, "");
    this.check(node, KNOWN["mlmodel.json"], "", node.place);
    this.forms(node, "");
    this.times(node);
    this.examples(node);
  }

  /** What holds for every value, declared or not: keys and tags (MLM-003, MLM-004). */
  yaml(node, pointer) {
    if (node.tag && TAGS[node.tag] !== node.kind) this.add("MLM-004", pointer, node.place);
    const seen = new Set();
    if (node.entries) node.entries = node.entries.filter((entry) => this.isFirst(entry, pointer, seen));
    for (const [key, value] of node.entries ?? []) this.yaml(value, child(pointer, key.value));
    for (const [index, item] of (node.items ?? []).entries()) this.yaml(item, child(pointer, index));
  }

  /** Whether this is the first entry of its key: the one that is read (MLM-003). */
  isFirst([key], pointer, seen) {
    const at = child(pointer, key.value);
    if (key.kind !== "text" || (key.value === "<<" && key.isPlain)) this.add("MLM-004", at, key.place);
    const identity = areNamed(pointer) ? key.value : identityOf(key);
    const isTwice = key.kind === "text" && seen.has(identity);
    if (isTwice) this.add("MLM-003", at, key.place);
    seen.add(identity);
    return !isTwice;
  }

  /** What has the form of a type, and no value of it (MLM-006). */
  forms(node, pointer) {
    if (node.kind === "text" && !this.texts.has(node) && !hasValue(node)) this.add("MLM-006", pointer, node.place);
    for (const [key, value] of node.entries ?? []) this.forms(value, child(pointer, key.value));
    for (const [index, item] of (node.items ?? []).entries()) this.forms(item, child(pointer, index));
  }

  /** Hold a node against a schema; `keyPlace` is where the key stands that holds it. */
  check(node, given, pointer, keyPlace, outer = {}) {
    const one = given.$ref ? referred(given.$ref) : given;
    const rules = { ...outer, ...rulesOf(one) };
    if (one.type !== undefined && !hasType(node, one.type)) return this.add(rules.type ?? rules["*"], pointer, node.place);
    const goesOn = this.ownFaults(node, one, pointer, rules);
    this.hints(node, one, pointer);
    if (!goesOn) return undefined;
    if (node.kind === "mapping") this.mapping(node, one, pointer, keyPlace, rules);
    if (one.items) for (const [index, item] of (node.items ?? []).entries()) this.check(item, one.items, child(pointer, index), item.place, rules);
    for (const part of one.allOf ?? []) this.check(node, part, pointer, keyPlace, rules);
    if (one.if) {
      const next = holds(node, one.if) ? one.then : one.else;
      if (next) this.check(node, next, pointer, keyPlace, rules);
    }
    if (one.anyOf) this.anyOf(node, one, pointer, keyPlace, rules);
    if (one.contentSchema && node.kind === "text" && formOf(node) !== "null") this.jsonText(node, one.contentSchema, pointer);
    return undefined;
  }

  anyOf(node, one, pointer, keyPlace, rules) {
    // A part with a rule of its own says more exactly what is wrong.
    const says = (part) => (part["x-rule"] || part["x-file"]) && part.type && hasType(node, part.type);
    const fits = one.anyOf.find((part) => holds(node, part)) ?? one.anyOf.find(says);
    if (fits) this.check(node, fits, pointer, keyPlace, rules);
    else this.add(rules["*"], pointer, one.anyOf.every((part) => part.required) ? keyPlace : node.place);
  }

  ownFaults(node, one, pointer, rules) {
    const length = node.kind === "text" ? [...node.value].length : (node.items ?? node.entries).length;
    const isNull = hasType(node, "null");
    const isWrong =
      (one.enum && !one.enum.some((value) => isValue(node, value))) ||
      ("const" in one && !isValue(node, one.const)) ||
      (one.minLength > length && node.kind === "text" && !isNull) ||
      (one.minItems > length && node.kind === "list") ||
      (one.maxItems < length && node.kind === "list") ||
      (one.minProperties > length && node.kind === "mapping") ||
      (one.pattern && node.kind === "text" && !new RegExp(one.pattern, "u").test(node.value)) ||
      (one.minimum > Number(node.value) && hasType(node, "number"));
    if (isWrong) this.add(rules["*"], pointer, node.place);
    return !isWrong || one.minLength !== undefined;
  }

  mapping(node, one, pointer, keyPlace, rules) {
    const names = new Set(node.entries.map(([key]) => key.value));
    if ((one.required ?? []).some((name) => !names.has(name))) this.add(rules.required ?? rules["*"], pointer, keyPlace);
    for (const [key, value] of node.entries) {
      const at = child(pointer, key.value);
      const declared = one.properties && Object.hasOwn(one.properties, key.value) ? one.properties[key.value] : undefined;
      const inner = declared ?? (typeof one.additionalProperties === "object" ? one.additionalProperties : undefined);
      if (inner) this.check(value, inner, at, key.place, rules);
      else if (one["x-unknown-keys"]) this.add(one["x-unknown-keys"], at, key.place, "warning");
      if (one["x-schemas"] === "flavors" && value.kind === "mapping") this.flavor(key, value, at);
    }
  }

  flavor(key, value, pointer) {
    const known = Object.hasOwn(FLAVORS, key.value) ? FLAVORS[key.value] : null;
    if (known) this.check(value, known, pointer, key.place);
    else this.add("MLM-012", pointer, key.place, "warning");
  }

  /** Texts without quotes that look like something else, forms, paths. */
  hints(node, one, pointer) {
    if (node.kind !== "text" || formOf(node) === "null") return;
    const types = [one.type ?? []].flat();
    const looks = formOf(node);
    const isDeclared = types.includes(looks) || (looks === "integer" && types.includes("number"));
    const isOther = types.includes("string") && looks !== "string" && !(looks === "time" && one["x-time"]) && !isDeclared;
    if (types.includes("string")) this.texts.add(node);
    if (isOther) this.add("MLM-005", pointer, node.place, "warning");
    const form = one["x-form"];
    if (form && !new RegExp(`^(?:${form.pattern})$`, "u").test(node.value)) this.add(form.rule, pointer, node.place, "warning");
    if (one["x-time"] && moment(node.value) === null) this.add("MLM-010", pointer, node.place, "warning");
    if (one["x-file"]) this.path(node, pointer, one["x-last-part"]);
  }

  path(node, pointer, isLastPart) {
    const name = isLastPart ? node.value.split(/[\\/]/).at(-1) : node.value;
    const parts = name.replaceAll("\\", "/").split("/");
    const isNone = name === "" || name.includes("\0") || [...name].length > LONGEST_PATH;
    const leadsOut = isNone || parts.includes("..") || /^(?:[\\/]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]+:\/)/.test(name);
    if (leadsOut) return this.add("DIR-002", pointer, node.place);
    if (name.includes("\\")) this.add("DIR-006", pointer, node.place, "warning");
    const wanted = parts.filter((part) => part !== "" && part !== ".").join("/");
    const names = [...(this.files?.keys() ?? [])];
    const isThere = !this.files || names.some((one) => one === wanted || one.startsWith(`${wanted}/`));
    return isThere ? undefined : this.add("DIR-003", pointer, node.place);
  }

  /** A JSON text of the signature; each character knows its place in the file. */
  jsonText(node, given, pointer) {
    try {
      JSON.parse(node.value);
    } catch (error) {
      const at = Number(/position (\d+)/.exec(error.message)?.[1] ?? 0);
      return this.add("SIG-001", pointer, node.characters[at] ?? node.place);
    }
    const list = parse(node.value, node.characters);
    list.place = node.place;
    if (list.kind !== "list") return this.add(pointer.endsWith("params") ? "SIG-008" : "SIG-002", pointer, node.place);
    this.keysOnce(list, pointer);
    this.check(list, given, pointer, node.place);
    return this.names(list, pointer, pointer.endsWith("params"));
  }

  keysOnce(node, pointer) {
    node.isJson = true;
    const seen = new Set();
    for (const [key, value] of node.entries ?? []) {
      if (seen.has(key.value)) this.add("SIG-001", child(pointer, key.value), key.place);
      seen.add(key.value);
      this.keysOnce(value, child(pointer, key.value));
    }
    for (const [index, item] of (node.items ?? []).entries()) this.keysOnce(item, child(pointer, index));
  }

  /** What spans the specs of a list (SIG-002, SIG-004, SIG-005, SIG-008, SIG-020). */
  names(list, pointer, isParams) {
    const seen = new Set();
    const [isTensor, has] = [(one) => one["tensor-spec"] || (one.dtype && !isParams), (one) => one.name && formOf(one.name) !== "null"];
    const specs = list.items.map((one) => Object.fromEntries((one.entries ?? []).map(([key, value]) => [key.value, value])));
    for (const [index, one] of specs.entries()) {
      const [at, place] = [child(pointer, index), list.items[index].place];
      if (!isTensor(one) !== !isTensor(specs[0])) return this.add("SIG-002", at, place);
      if (has(one) && seen.has(one.name.value)) this.add(isParams ? "SIG-008" : "SIG-004", `${at}/name`, one.name.place);
      if (has(one)) seen.add(one.name.value);
    }
    const odd = specs.findIndex((one) => !has(one) !== !has(specs[0]));
    const unnamed = isTensor(specs[0] ?? {}) && specs.length > 1 ? specs.findIndex((one) => !has(one)) : -1;
    if (unnamed >= 0) return this.add("SIG-005", child(pointer, unnamed), list.items[unnamed].place);
    return odd > 0 && !isParams ? this.add("SIG-020", child(pointer, odd), list.items[odd].place, "warning") : undefined;
  }

  times(root) {
    const [early, now] = ["time_created", "utc_time_created"].map((name) => root.entries.find(([key]) => key.value === name));
    if (!early || !now || [early, now].some(([, value]) => formOf(value) === "null" || value.kind !== "text")) return;
    const [a, b] = [early, now].map(([, value]) => moment(value.value) ?? value.value);
    const later = root.entries.indexOf(early) > root.entries.indexOf(now) ? early : now;
    if (a !== b) this.add("MLM-009", child("", later[0].value), later[0].place);
  }

  examples(root) {
    const value = (node, name) => node?.entries?.find(([key]) => key.value === name)?.[1];
    const [early, now] = [value(root, "input_example"), value(value(root, "saved_input_example_info"), "artifact_path")];
    const differ = early && now && formOf(early) !== "null" && early.value !== now.value;
    if (differ) this.add("MLM-023", "/input_example", early.place, "warning");
  }
}

function isEmpty(node) {
  return node.kind === "text" && node.isPlain && node.value === "";
}

function child(pointer, name) {
  return `${pointer}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function referred(reference) {
  const [file, path = ""] = reference.split("#");
  const home = KNOWN[file || "signature.json"]; // the only one with local references
  return path.split("/").slice(1).reduce((inner, key) => inner[key], home);
}

function rulesOf(one) {
  const rule = one["x-rule"];
  return typeof rule === "string" ? { "*": rule, type: rule, required: rule } : (rule ?? {});
}

/** The form of a text: what YAML 1.1 takes a plain one for. */
function formOf(node) {
  if (node.kind !== "text") return node.kind;
  if (node.isJson && node.isPlain) return jsonForm(node.value);
  if (!node.isPlain || node.tag === "!!str" || node.tag === "!") return "string";
  return FORMS.find(([, form]) => form.test(node.value))?.[0] ?? "string";
}

function jsonForm(text) {
  if (text === "true" || text === "false") return "boolean";
  if (text === "null") return "null";
  return /^-?\d+$/.test(text) ? "integer" : "number";
}

/** Whether a text that has the form of a type, or its tag, has a value of it (MLM-006). */
function hasValue(node) {
  const form = node.tag in TAGGED ? FORMS.find(([, one]) => one.test(node.value))?.[0] : formOf(node);
  if (node.tag in TAGGED && !TAGGED[node.tag].includes(form)) return false;
  if (["integer", "number", "time"].includes(form) && node.value.length > LONGEST_FORM) return false;
  if (form === "integer" && /^[-+]?0[bx]_*$/.test(node.value)) return false;
  return form !== "time" || isDate(node.value);
}

/** Whether the schema names the keys of the mapping at a pointer, so that they are texts (MLM-003). */
function areNamed(pointer) {
  const isKnown = Object.keys(FLAVORS).some((name) => pointer === child("/flavors", name));
  return isKnown || ["", "/flavors", "/signature", "/saved_input_example_info"].includes(pointer);
}

/** What a key is one with: the same text, or the same number however it is written (MLM-003). */
function identityOf(key) {
  const form = formOf(key);
  if (form === "boolean") return /^(?:y|t|on)/i.test(key.value) ? 1 : 0;
  const text = (key.value ?? "").replaceAll("_", "");
  if (form === "integer" && !text.includes(":")) return wholeOf(text);
  return form === "number" && /^[-+\d.]/.test(text) && !Number.isNaN(Number(text)) ? Number(text) : `${form} ${key.value}`;
}

function wholeOf(text) {
  const digits = text.replace(/^[-+]/, "").replace(/^0(?=[0-7])/, "0o");
  return Number(digits) * (text.startsWith("-") ? -1 : 1);
}

function hasType(node, given) {
  const looks = { mapping: "object", list: "array" }[node.kind] ?? formOf(node);
  const types = [given].flat();
  // Whatever it looks like is a text where nothing else may stand (MLM-005); a JSON text has its types.
  const isRead = !node.isJson && types.every((type) => type === "string" || type === "null");
  return types.some(
    (type) =>
      type === looks ||
      (type === "number" && looks === "integer") ||
      (type === "string" && node.kind === "text" && looks !== "null" && (isRead || looks === "string")),
  );
}

function isValue(node, value) {
  if (value === null || typeof value === "number") return hasType(node, value === null ? "null" : "number") && (value === null || Number(node.value) === value);
  return node.kind === "text" && node.value === value;
}

/** Whether a node passes a schema of a condition. */
function holds(node, one) {
  const probe = new Checker(undefined);
  if (one.not && holds(node, one.not)) return false;
  if (one.anyOf && !one.anyOf.some((part) => holds(node, part))) return false;
  const { anyOf: _, not: __, ...rest } = one;
  probe.check(node, rest, "", node.place);
  return probe.found.every((found) => found.severity !== "error");
}

function isDate(text) {
  return moment(text) !== null;
}

/** The moment of a time, in milliseconds and what is below them; null for what is none (MLM-010, MLM-022). */
function moment(text) {
  const found = TIME.exec(text.trim());
  if (!found) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", third, fourth, zone] = found;
  const whole = year.length === 2 ? 2000 + Number(year) : Number(year);
  const date = new Date(Date.UTC(whole, month - 1, day, hour, minute, second));
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === Number(day) && hour < 24 && minute < 60 && second < 60;
  if (!isReal || year.length === 3) return null;
  const fraction = (fourth ?? third ?? "").padEnd(6, "0").slice(0, 6);
  const offset = zone && zone !== "Z" ? (zone[0] === "-" ? -1 : 1) * (zone.slice(1, 3) * 60 + Number(zone.slice(3).replace(":", "") || 0)) : 0;
  return `${date.getTime() / 1000 - offset * 60}.${fraction}`;
}
