// Signatures: the lists of the MLmodel file as specs (SIG-003 to SIG-008, SIG-021).

export const SCALARS = ["boolean", "integer", "long", "float", "double", "string", "binary", "datetime"];
const OPAQUE = ["any", "sparkml_vector"];

/** An error of the specification's table: its code, and what is wrong in detail. */
export class Refused extends Error {
  constructor(code, details = []) {
    super(code);
    this.code = code;
    this.details = details;
  }
}

function invalid(why) {
  return new Refused("INVALID_ARGUMENT", [{ message: why }]);
}

/** Return {inputs, outputs, params} as arrays of specs; a part that is not declared is null. */
export function readSignature(lists) {
  if (lists == null) return null;
  return {
    inputs: readSchema(lists.inputs, "inputs"),
    outputs: readSchema(lists.outputs, "outputs"),
    params: (lists.params ?? []).map((one) => ({
      name: one.name,
      type: readType({ ...one, type: one.type ?? one.dtype }),
      shape: one.shape ?? null,
      default: one.default ?? null,
    })),
  };
}

function readSchema(list, part) {
  if (list == null) return null;
  if (!Array.isArray(list) || list.length === 0) throw invalid(`${part} is no list of specs (SIG-002)`);
  const specs = list.map(readSpec);
  if (new Set(specs.map((one) => "dtype" in one)).size > 1) throw invalid("columns and tensors (SIG-002)");
  const names = specs.map((one) => one.name).filter((name) => name !== null);
  if (new Set(names.map(String)).size < names.length) throw invalid("a name stands twice (SIG-004)");
  if ("dtype" in specs[0] && specs.length > 1 && names.length < specs.length) {
    throw invalid("tensors without names (SIG-005)");
  }
  return specs;
}

function readSpec(one) {
  const name = one.name ?? null;
  const flat = one.type === undefined && one.dtype !== undefined;
  if (one.type === "tensor" || flat) {
    const { dtype, shape } = flat ? one : (one["tensor-spec"] ?? {});
    if (typeof dtype !== "string" || !Array.isArray(shape)) throw invalid("no tensor (SIG-006)");
    return { name, dtype, shape, required: true };
  }
  return { name, type: readType(one), required: isRequired(one) };
}

function isRequired(one) {
  return one.required ?? !(one.optional ?? false);
}

function readType(one) {
  const kind = one?.type;
  if (SCALARS.includes(kind) || OPAQUE.includes(kind)) return { kind };
  if (kind === "array") return { kind, items: readType(one.items) };
  if (kind === "map") return { kind, values: readType(one.values) };
  if (kind !== "object") throw invalid(`the type ${kind} is not known (SIG-003, SIG-021)`);
  const properties = Object.entries(one.properties ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => ({ name, type: readType(inner), required: isRequired(inner) }));
  return { kind, properties };
}
