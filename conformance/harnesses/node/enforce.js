// enforce: JSON values held against a signature, as columns in the delivered dtypes (ENF-001 to ENF-015).

import { Fault, readCell } from "./cells.js";
import { Refused, readSignature } from "./signature.js";
import { plain } from "./json.js";

const DTYPES = {
  boolean: "bool", integer: "int32", long: "int64", float: "float32", double: "float64",
  string: "object", binary: "binary", datetime: "datetime64[ns]",
}; // prettier-ignore
const WITH_GAPS = { boolean: "object", integer: "Int32", long: "Int64" };
const ABSENT = Symbol("absent");

/** The operation of a harness. */
export function enforce(input) {
  const signature = readSignature(plain(input.get("signature")));
  const data = input.get("data").get("value");
  if (!signature?.inputs) return { data: { value: data } };
  if ("dtype" in signature.inputs[0]) throw refused({ rule: "ENF-074" });
  const recorded = plain(input.get("delivery") ?? new Map()).columns ?? {};
  const columns = arranged(signature.inputs, data);
  const details = [...(columns.faults ?? [])];
  const read = signature.inputs.map((spec, index) => {
    const label = spec.name ?? index;
    return readColumn(spec, label, columns.cells[index], details, recorded[label] ?? {});
  });
  if (details.length) throw new Refused("INVALID_INPUT", inOrder(details, signature.inputs));
  const hasNames = signature.inputs.every((spec) => spec.name !== null);
  return { data: { columns: read.map((one, i) => ({ name: hasNames ? signature.inputs[i].name : null, ...one })) } };
}

function refused(...details) {
  return new Refused("INVALID_INPUT", details);
}

function inOrder(details, specs) {
  const labels = specs.map((spec, index) => spec.name ?? index);
  return details.sort((a, b) => labels.indexOf(a.column) - labels.indexOf(b.column));
}

/** Return the cells of each declared column, and what is missing: records, a mapping, rows, values. */
function arranged(specs, data) {
  const named = specs.every((spec) => spec.name !== null);
  const only = specs.length === 1 ? specs[0] : null;
  if (Array.isArray(data) && data.length === 0) return { cells: specs.map(() => []) };
  if (only && only.name === null && isOneValue(only.type, data)) return { cells: [[data]] };
  if (data instanceof Map) return ofMapping(specs, data);
  if (!Array.isArray(data)) {
    if (!only) throw refused({ rule: "ENF-011" });
    return { cells: [[data]] };
  }
  const isRecords = data.every((one) => one instanceof Map);
  if (isRecords && named && !(only && only.name === null)) return ofRecords(specs, data);
  if (only) return { cells: [data.map((one) => cellOf(only.type, one))] };
  if (!data.every(Array.isArray)) throw refused({ rule: "ENF-010" });
  if (named) throw refused({ rule: "ENF-011" });
  if (data.some((row) => row.length < specs.length)) throw refused({ rule: "ENF-009" });
  return { cells: specs.map((_, index) => data.map((row) => row[index])) };
}

/** A row of one cell is that cell, where the type is no list (ENF-107). */
function cellOf(type, value) {
  const isRow = Array.isArray(value) && value.length === 1 && type.kind !== "array" && type.kind !== "any";
  return isRow ? value[0] : value;
}

function isOneValue(type, value) {
  return (type.kind === "object" || type.kind === "map") && value instanceof Map;
}

function ofRecords(specs, records) {
  const faults = [];
  const names = specs.map((spec) => spec.name);
  for (const [row, record] of records.entries()) requireOne(specs, names, [...record.keys()], { row });
  const cells = specs.map((spec) => {
    const row = records.findIndex((record) => !record.has(spec.name));
    if (row >= 0 && spec.required) faults.push({ rule: "ENF-004", column: spec.name, row });
    return records.map((record) => (record.has(spec.name) ? record.get(spec.name) : ABSENT));
  });
  return { cells, faults };
}

/** Names of which none is declared are refused where all inputs are optional, too (ENF-112). */
function requireOne(specs, names, given, place) {
  const strange = given.length > 0 && !given.some((name) => names.includes(name));
  if (strange && specs.every((spec) => !spec.required)) {
    throw refused({ rule: "ENF-112", got: `'${given[0]}'`, ...place });
  }
}

function ofMapping(specs, mapping) {
  const names = specs.map((spec, index) => spec.name ?? String(index));
  requireOne(specs, names, [...mapping.keys()], {});
  const faults = [];
  const given = specs.map((spec, index) => {
    if (mapping.has(names[index])) return mapping.get(names[index]);
    if (spec.required) faults.push({ rule: "ENF-004", column: spec.name ?? index });
    return ABSENT;
  });
  const there = given.map((value, index) => ({ value, type: specs[index].type })).filter((one) => one.value !== ABSENT);
  const lists = there.filter((one) => isColumn(one.type, one.value));
  if (lists.length && lists.length < there.length) throw refused({ rule: "ENF-010" });
  const lengths = new Set(lists.map((one) => one.value.length));
  if (lengths.size > 1) throw refused({ rule: "ENF-010" });
  const rows = lists.length ? [...lengths][0] : 1;
  const cells = given.map((value) => {
    if (value === ABSENT) return Array(rows).fill(ABSENT);
    return lists.length ? value : [value];
  });
  return { cells, faults };
}

/** Whether a list under a name is a column of values, or one value of an array (ENF-015). */
function isColumn(type, value) {
  if (!Array.isArray(value)) return false;
  let depth = 0;
  for (let inner = type; inner.kind === "array"; inner = inner.items) depth += 1;
  return depthOf(value) > depth;
}

function depthOf(value) {
  return Array.isArray(value) ? 1 + Math.max(0, ...value.map(depthOf)) : 0;
}

/** Return dtype and values of a column; what is wrong goes to `details`, once per rule and declared place. */
function readColumn(spec, label, cells, details, record) {
  const [values, faults] = [[], new Map()];
  for (const [row, cell] of cells.entries()) {
    try {
      const read = cell === ABSENT ? absentCell(spec) : readCell(spec.type, cell, spec.required);
      values.push(record.dtype === "date" && read !== null ? dayOf(read) : read);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      for (const { rule, at } of fault.all) {
        const key = JSON.stringify([rule, at]);
        if (!faults.has(key)) faults.set(key, { rule, at, row });
      }
    }
  }
  const missing = new Set(details.filter((one) => one.column === label).map((one) => one.rule));
  const inPlace = [...faults.values()].sort((a, b) => compared(a.at, b.at)).filter((one) => !missing.has(one.rule));
  details.push(...inPlace.map(({ rule, row }) => ({ rule, column: label, row })));
  return { dtype: dtypeOf(spec, values, record), values };
}

/** The day of a moment that is the beginning of one (ENF-094). */
function dayOf(moment) {
  if (!moment.endsWith("T00:00:00")) throw new Fault("ENF-094");
  return moment.slice(0, 10);
}

/** The order of two lists of names: the first that differs, and the shorter before the longer. */
function compared(a, b) {
  const differs = a.findIndex((name, index) => name !== b[index]);
  if (differs < 0) return a.length - b.length;
  return b[differs] === undefined || a[differs] > b[differs] ? 1 : -1;
}

function absentCell(spec) {
  return spec.type.kind === "float" || spec.type.kind === "double" ? NaN : null;
}

/** The dtype of ENF-002, unless the record of delivery has another (ENF-091 to ENF-095). */
function dtypeOf(spec, values, record) {
  if (record.zone) return `datetime64[ns, ${record.zone}]`;
  if (record.dtype) return record.dtype;
  const { kind } = spec.type;
  if (kind in WITH_GAPS && values.includes(null)) return WITH_GAPS[kind];
  if (kind === "binary" && values.every((one) => one === null)) return "object";
  return DTYPES[kind] ?? "object";
}
