// infer-signature, from JSON values alone (SIG-010 to SIG-015, SIG-040, SIG-041, SIG-067, SIG-073).

import { Num } from "./json.js";
import { Refused } from "./signature.js";

/** The operation of a harness. */
export function inferSignature(input) {
  const found = {};
  for (const [key, part] of [["data", "inputs"], ["outputs", "outputs"]]) {
    if (input.has(key)) found[part] = inferSchema(input.get(key).get("value"));
  }
  return { ...found, delivery: {} };
}

function inferSchema(data) {
  const columns = columnsOf(data);
  if (columns.length === 0) throw new Refused("INVALID_ARGUMENT", [{ message: "there is nothing to infer from" }]);
  return columns.map(({ name, cells }) => inferColumn(name, cells));
}

/** Return the columns that data stand for; a name of null is none. */
function columnsOf(data) {
  if (data instanceof Map) return ofMapping(data);
  if (!Array.isArray(data)) return [{ name: null, cells: [data] }];
  const kinds = new Set(data.map(kindOf));
  kinds.delete("null");
  if (data.length === 0) return [];
  if (kinds.size > 1 && (kinds.has("object") || kinds.has("array"))) {
    throw new Refused("INVALID_ARGUMENT", [{ message: "records, rows and values stand side by side" }]);
  }
  if (kinds.has("object")) return ofRecords(data);
  return kinds.has("array") ? ofRows(data) : [{ name: null, cells: data }];
}

function ofMapping(mapping) {
  const values = [...mapping.values()];
  const isRow = values.some((one) => !Array.isArray(one) || isNestedList(one)) || new Set(values.map((one) => one.length)).size > 1;
  return [...mapping].map(([name, value]) => ({ name, cells: isRow ? [value] : value }));
}

/** Whether a list holds objects alone, or lists alone (SIG-073). */
function isNestedList(list) {
  return list.length > 0 && (list.every((one) => one instanceof Map) || list.every(Array.isArray));
}

function ofRecords(records) {
  const names = [...new Set(records.flatMap((one) => [...(one?.keys() ?? [])]))];
  return names.map((name) => ({ name, cells: records.map((one) => (one?.has(name) ? one.get(name) : null)) }));
}

function ofRows(rows) {
  const lengths = new Set(rows.map((row) => row?.length));
  if (lengths.size > 1) throw new Refused("INVALID_ARGUMENT", [{ message: "rows differ in length" }]);
  return [...Array([...lengths][0]).keys()].map((index) => ({ name: null, cells: rows.map((row) => row[index]) }));
}

function inferColumn(name, cells) {
  const type = typeOf(cells, true);
  const required = name === null || !cells.includes(null);
  return { ...type, ...(name === null ? {} : { name }), required };
}

function kindOf(value) {
  if (value === null) return "null";
  if (value instanceof Num) return value.isInteger ? "long" : "double";
  if (Array.isArray(value)) return "array";
  return { boolean: "boolean", string: "string", object: "object" }[typeof value];
}

/** Return the type of all values that stand at one place together (SIG-014, SIG-040, SIG-041). */
function typeOf(values, isColumn) {
  const there = values.filter((one) => one !== null);
  const kinds = new Set(there.map(kindOf));
  if (kinds.has("double")) kinds.delete("long");
  if (kinds.size !== 1) return isColumn && kinds.size > 1 && !hasNested(kinds) ? mixed() : { type: "any" };
  const [kind] = kinds;
  if (kind === "array") return listOf(there);
  if (kind === "object") return objectOf(there);
  // Of a column, and of a list, integers of which some are missing are floating point.
  return { type: kind === "long" && there.length < values.length ? "double" : kind };
}

function hasNested(kinds) {
  return kinds.has("array") || kinds.has("object");
}

function mixed() {
  throw new Refused("INVALID_ARGUMENT", [{ message: "a column holds values of several types" }]);
}

function listOf(lists) {
  const items = typeOf(lists.flat(), false);
  return items.type === "any" ? items : { type: "array", items };
}

function objectOf(objects) {
  const names = [...new Set(objects.flatMap((one) => [...one.keys()]))].sort();
  if (names.length === 0) return { type: "any" };
  const properties = names.map((name) => {
    const values = objects.map((one) => (one.has(name) ? one.get(name) : null));
    const type = typeOf(values.filter((one) => one !== null), false);
    return [name, { ...type, required: !values.includes(null) }];
  });
  return { type: "object", properties: Object.fromEntries(properties) };
}
