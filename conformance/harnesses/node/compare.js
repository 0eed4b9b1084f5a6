// compare-signatures: what a change of a signature means for callers (SIG-050 to SIG-062).

import { plain } from "./json.js";
import { readSignature } from "./signature.js";

const ALL = ["typed", "untyped"];

/** The dtypes that a declared type takes (the table of ENF-020), and its literals. */
const TAKEN = {
  boolean: ["bool"],
  integer: ["int8", "int16", "int32", "uint8", "uint16"],
  long: ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"],
  float: ["float16", "float32", "int8", "int16", "uint8", "uint16"],
  double: ["float16", "float32", "float64", "int8", "int16", "int32", "uint8", "uint16", "uint32"],
  string: ["text"],
  binary: ["bytes"],
  datetime: ["datetime64"],
};
const integers = (bits, signed = true) => ({
  form: "integer",
  low: signed ? -(2n ** BigInt(bits - 1)) : 0n,
  high: 2n ** BigInt(signed ? bits - 1 : bits) - 1n,
});
const numbers = (bits) => ({ form: "number", low: -(2n ** bits), high: 2n ** bits, isNull: true });
const LITERALS = {
  boolean: { form: "boolean" }, integer: integers(32), long: integers(64),
  float: numbers(24n), double: numbers(53n), string: { form: "text", isNull: true },
  binary: { form: "base64", isNull: true }, datetime: { form: "moment", isNull: true },
}; // prettier-ignore
const TENSOR_LITERALS = {
  bool: LITERALS.boolean, str: { form: "text" }, object: { form: "text", isNull: true },
  bytes: { form: "base64" }, float16: numbers(11n), float32: numbers(24n), float64: numbers(53n),
}; // prettier-ignore

/** The operation of a harness. */
export function compareSignatures(input) {
  const [old, now] = ["old", "new"].map((key) => readSignature(plain(input.get(key) ?? null)));
  const changes = [
    ...schemas("inputs", old?.inputs ?? null, now?.inputs ?? null),
    ...schemas("outputs", old?.outputs ?? null, now?.outputs ?? null),
    ...params(old, now),
  ];
  return { compatible: changes.every((one) => one.breaks.length === 0), changes };
}

function change(rule, part, name, what, breaks) {
  return { rule, part, name, change: what, breaks: breaks === true ? ALL : breaks || [] };
}

function schemas(part, old, now) {
  const isRead = part === "outputs";
  if (old === null && now === null) return [];
  if (old === null) return [change("SIG-060", part, null, "declared", !isRead)];
  if (now === null) return [change("SIG-060", part, null, "undeclared", isRead)];
  if ("dtype" in old[0] !== "dtype" in now[0]) return [change("SIG-057", part, null, "kind", true)];
  if (haveNames(old) !== haveNames(now)) return [change("SIG-051", part, null, "names", true)];
  const [before, after] = [labelled(old), labelled(now)];
  return [
    ...[...before].flatMap(([name, spec]) =>
      after.has(name) ? pair(part, name, spec, after.get(name)) : [removed(part, name)],
    ),
    ...[...after].filter(([name]) => !before.has(name)).map(([name, spec]) => added(part, name, spec)),
    ...order(part, [...before.keys()], [...after.keys()], haveNames(old)),
  ];
}

function haveNames(specs) {
  return specs.every((spec) => spec.name !== null);
}

function labelled(specs) {
  return new Map(specs.map((spec, index) => [haveNames(specs) ? String(spec.name) : index, spec]));
}

function removed(part, name) {
  return part === "inputs" ? change("SIG-053", part, name, "removed") : change("SIG-058", part, name, "removed", true);
}

function added(part, name, spec) {
  if (part === "inputs") return change("SIG-052", part, name, "added", spec.required);
  return change("SIG-058", part, name, "added", typeof name === "number");
}

function order(part, before, after, named) {
  const kept = [before.filter((one) => after.includes(one)), after.filter((one) => before.includes(one))];
  const isSame = kept[0].every((one, index) => one === kept[1][index]);
  return named && !isSame ? [change("SIG-061", part, null, "order")] : [];
}

function pair(part, name, old, now) {
  const isRead = part === "outputs";
  const [given, taken] = isRead ? [now, old] : [old, now];
  const found = [];
  if (JSON.stringify(essence(old)) !== JSON.stringify(essence(now))) {
    const breaks = ALL.filter((caller) => !takes(given, taken, caller, isRead));
    const [rule, what] = ruleOf(old, now);
    found.push(change(isRead ? "SIG-058" : rule, part, name, what, breaks));
  }
  if (old.required !== now.required) {
    const breaks = isRead ? !now.required : now.required;
    found.push(change(isRead ? "SIG-058" : "SIG-055", part, name, "required", breaks));
  }
  return found;
}

function essence(spec) {
  return "dtype" in spec ? [spec.dtype, spec.shape] : spec.type;
}

function ruleOf(old, now) {
  if ("dtype" in old) return ["SIG-057", String(old.shape) === String(now.shape) ? "type" : "shape"];
  const isNested = ["array", "object", "map"].includes(old.type.kind) && old.type.kind === now.type.kind;
  return [isNested ? "SIG-056" : "SIG-054", "type"];
}

function takes(given, taken, caller, isRead) {
  return "dtype" in given ? tensorTakes(given, taken, caller) : typeTakes(given.type, taken.type, caller, isRead);
}

function tensorTakes(given, taken, caller) {
  if (given.shape.length !== taken.shape.length) return false;
  if (taken.shape.some((axis, index) => axis !== -1 && axis !== given.shape[index])) return false;
  if (given.dtype === taken.dtype) return true;
  // Moments of one unit are not those of another, but texts both.
  const to = taken.dtype.startsWith("datetime64") ? undefined : tensorLiterals(taken.dtype);
  const from = tensorLiterals(given.dtype);
  return caller === "untyped" && from !== undefined && to !== undefined && literalsTake(from, to);
}

function tensorLiterals(dtype) {
  const found = /^(u?)int(\d+)$/.exec(dtype);
  if (found) return integers(Number(found[2]), found[1] === "");
  return dtype.startsWith("datetime64") ? LITERALS.datetime : TENSOR_LITERALS[dtype];
}

/** Whether `taken` takes all that `given` takes (SIG-054, SIG-056). */
function typeTakes(given, taken, caller, isRead) {
  if (taken.kind === "any" || (taken.kind === given.kind && !(taken.kind in NESTED) )) return true;
  if (given.kind === taken.kind) return NESTED[given.kind](given, taken, caller, isRead);
  if (!(given.kind in TAKEN) || !(taken.kind in TAKEN)) return false;
  if (caller === "untyped") return literalsTake(LITERALS[given.kind], LITERALS[taken.kind]);
  return TAKEN[given.kind].every((dtype) => TAKEN[taken.kind].includes(dtype));
}

const NESTED = {
  array: (given, taken, ...how) => typeTakes(given.items, taken.items, ...how),
  map: (given, taken, ...how) => typeTakes(given.values, taken.values, ...how),
  object: objectTakes,
};

function objectTakes(given, taken, caller, isRead) {
  const [before, after] = [given, taken].map((type) => new Map(type.properties.map((one) => [one.name, one])));
  for (const [name, one] of before) {
    const other = after.get(name);
    if (other === undefined && isRead) continue; // who reads an answer may pass over a property
    if (other === undefined || (other.required && !one.required)) return false;
    if (!typeTakes(one.type, other.type, caller, isRead)) return false;
  }
  return [...after.values()].every((one) => before.has(one.name) || !one.required);
}

function literalsTake(given, taken) {
  if (given.isNull && !taken.isNull) return false;
  const isRange = (given.form === "integer" && taken.form !== "text") || given.form === "number";
  if (isRange && ["integer", "number"].includes(taken.form)) {
    if (given.form === "number" && taken.form === "integer") return false;
    return taken.low <= given.low && given.high <= taken.high;
  }
  return given.form === taken.form || (["base64", "moment"].includes(given.form) && taken.form === "text");
}

// Parameters are read by the rules for untyped cells, whoever gives them (ENF-082).
function params(old, now) {
  if (old === null && now === null) return [];
  if (old === null) return [change("SIG-060", "params", null, "declared", now.params.length > 0)];
  if (now === null) return old.params.length ? [change("SIG-060", "params", null, "undeclared")] : [];
  const [before, after] = [old, now].map((one) => new Map(one.params.map((param) => [param.name, param])));
  return [
    ...[...before].flatMap(([name, param]) =>
      after.has(name) ? paramPair(param, after.get(name)) : [change("SIG-059", "params", name, "removed")],
    ),
    ...[...after.keys()].filter((name) => !before.has(name)).map((name) => change("SIG-059", "params", name, "added")),
  ];
}

function paramPair(old, now) {
  const found = [];
  if (JSON.stringify(old.shape) !== JSON.stringify(now.shape)) {
    found.push(change("SIG-059", "params", old.name, "shape", true));
  } else if (JSON.stringify(old.type) !== JSON.stringify(now.type)) {
    found.push(change("SIG-059", "params", old.name, "type", !typeTakes(old.type, now.type, "untyped", false)));
  }
  if (JSON.stringify(old.default) !== JSON.stringify(now.default)) {
    found.push(change("SIG-062", "params", old.name, "default"));
  }
  return found;
}
