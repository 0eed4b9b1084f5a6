// One cell of an untyped form, read at the declared type, or refused with a rule (ENF-040 to ENF-068).

import { Num } from "./json.js";

/** Why a cell is refused: a rule, or several at places within the cell (declared ones, as lists of names). */
export class Fault extends Error {
  constructor(rule, all = [{ rule, at: [] }]) {
    super(rule);
    this.all = all;
  }

  /** The faults, with a name before their places. */
  below(name) {
    return this.all.map(({ rule, at }) => ({ rule, at: [name, ...at] }));
  }
}

const RANGES = { integer: 2n ** 31n, long: 2n ** 63n };
const NAMED = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };
const NUMBERS = ["integer", "long", "float", "double"];
const [EARLIEST, LATEST] = [-(2n ** 63n) + 1n, 2n ** 63n - 1n]; // nanoseconds; the lowest is NaT
const MOMENT =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Read a cell; `required` is that of its column or property. */
export function readCell(type, value, required) {
  if (type.kind === "any" || type.kind === "sparkml_vector") return value;
  if (type.kind in NESTED) return readNested(type, value, required);
  if (value instanceof Map || Array.isArray(value)) throw new Fault(type.kind === "binary" ? "ENF-026" : "ENF-057");
  if (value === null) return readNull(type.kind, required);
  if (NUMBERS.includes(type.kind)) return readNumber(type.kind, value, required);
  return READERS[type.kind](value);
}

function readNull(kind, required) {
  if (["boolean", "integer", "long"].includes(kind) && required) throw new Fault("ENF-044");
  return kind === "float" || kind === "double" ? NaN : null;
}

const READERS = {
  boolean(value) {
    if (typeof value !== "boolean") throw new Fault("ENF-041");
    return value;
  },
  string(value) {
    if (typeof value !== "string") throw new Fault("ENF-050");
    return value;
  },
  binary(value) {
    const text = typeof value === "string" ? value.replace(/\r?\n/g, "") : null;
    if (text === null || !BASE64.test(text)) throw new Fault("ENF-052");
    // Bits that no byte takes must be zero: encoded again it is the same text.
    if (Buffer.from(text, "base64").toString("base64") !== text) throw new Fault("ENF-052");
    return text;
  },
  datetime(value) {
    if (value instanceof Num) throw new Fault("ENF-055");
    if (value === "NaT") return null;
    return isoText(nanoseconds(value));
  },
};

function readNumber(kind, value, required) {
  const isFloating = kind === "float" || kind === "double";
  if (isFloating && typeof value === "string" && value in NAMED) return NAMED[value];
  if (!(value instanceof Num)) throw new Fault("ENF-049");
  if (isFloating) return readFloating(value, kind === "float" ? Math.fround : Number);
  if (!value.isInteger && !(required === false && isWhole(value))) throw new Fault("ENF-042");
  const whole = value.isInteger ? BigInt(value.text) : BigInt(Number(value.text));
  if (whole < -RANGES[kind] || whole >= RANGES[kind]) throw new Fault("ENF-043");
  return whole;
}

/** Whether a decimal literal is exactly an integer below 2^53 (ENF-115). */
function isWhole(value) {
  const [, before, after = "", exponent = "0"] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(value.text);
  const digits = `${before}${after}`.replace(/0+$/, "");
  const shift = Number(exponent) + before.length - digits.length;
  return (digits.replace(/^0+/, "") === "" || shift >= 0) && Math.abs(Number(value.text)) < 2 ** 53;
}

function readFloating(value, rounded) {
  const nearest = rounded(Number(value.text));
  if (value.isInteger) {
    if (!Number.isFinite(nearest) || BigInt(nearest) !== BigInt(value.text)) throw new Fault("ENF-045");
  } else if (!Number.isFinite(nearest)) throw new Fault("ENF-047");
  return nearest;
}

/** Return nanoseconds since 1970 in UTC (ENF-053, ENF-054, ENF-056). */
function nanoseconds(value) {
  const found = typeof value === "string" ? MOMENT.exec(value) : null;
  if (!found) throw new Fault("ENF-053");
  const [year, month, day, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map((x) => (x === undefined ? x : Number(x)));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isReal = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isReal || hour > 23 || minute > 59 || second > 59) throw new Fault("ENF-053");
  const seconds = BigInt(date.getTime() / 1000) + BigInt(hour * 3600 + minute * 60 + second) - zoneOf(found[8]);
  const moment = seconds * 10n ** 9n + BigInt((found[7] ?? "").padEnd(9, "0"));
  if (moment < EARLIEST || moment > LATEST) throw new Fault("ENF-056");
  return moment;
}

function zoneOf(text) {
  if (text === undefined || text === "Z") return 0n;
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(3).replace(":", "") || 0)];
  if (hours > 23 || minutes > 59) throw new Fault("ENF-053");
  return BigInt((text[0] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60));
}

function isoText(moment) {
  const rest = ((moment % 10n ** 9n) + 10n ** 9n) % 10n ** 9n;
  const seconds = Number((moment - rest) / 10n ** 9n);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return rest === 0n ? text : `${text}.${String(rest).padStart(9, "0")}`;
}

// Lists and objects within a cell (ENF-032 to ENF-037).

const NESTED = {
  array: ["ENF-033", (value) => Array.isArray(value)],
  object: ["ENF-034", (value) => value instanceof Map],
  map: ["ENF-036", (value) => value instanceof Map],
};

function readNested(type, value, required) {
  if (value === null) {
    if (required) throw new Fault("ENF-037");
    return null;
  }
  const [rule, fits] = NESTED[type.kind];
  if (!fits(value)) throw new Fault(rule);
  const found = [];
  const within = (name, one, cell, needed = true) => readWithin(one, cell, needed, (fault) => found.push(...fault.below(name)));
  const read = PARTS[type.kind](type, value, within, found);
  if (found.length) throw new Fault(found[0].rule, found);
  return read;
}

const PARTS = {
  array: (type, value, within) => value.map((one) => within("", type.items, one)),
  map: (type, value, within) => new Map([...value].map(([key, one]) => [key, within("", type.values, one)])),
  object: readObject,
};

/** The properties, whose faults stand in the order of their names (ENF-003), which is how types list them. */
function readObject(type, value, within, found) {
  const names = new Set(type.properties.map((one) => one.name));
  for (const name of value.keys()) if (!names.has(name)) found.push({ rule: "ENF-035", at: [] });
  const read = new Map();
  for (const one of type.properties) {
    if (value.has(one.name)) read.set(one.name, within(one.name, one.type, value.get(one.name), one.required));
    else if (one.required) found.push({ rule: "ENF-034", at: [one.name] });
  }
  return new Map([...value.keys()].map((name) => [name, read.get(name)]));
}

/** A value within a cell; what is wrong with it is told, so that its neighbours are read too. */
function readWithin(type, value, required, tell) {
  try {
    const read = readCell(type, value, required);
    return typeof read === "number" && Number.isNaN(read) ? "NaN" : read;
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return tell(fault);
  }
}
