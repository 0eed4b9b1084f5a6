#!/usr/bin/env node
// The harness: one JSON object a line, as conformance/README.md says.

import { createInterface } from "node:readline";
import { checkModel } from "./check.js";
import { compareSignatures } from "./compare.js";
import { enforce } from "./enforce.js";
import { inferSignature } from "./infer.js";
import { parse, stringify } from "./json.js";
import { Refused } from "./signature.js";

const OPERATIONS = {
  "check-model": checkModel,
  enforce,
  "compare-signatures": compareSignatures,
  "infer-signature": inferSignature,
};

function about() {
  return {
    implementation: "mlmodel-node",
    version: "0.1.0",
    language: `Node ${process.versions.node}`,
    operations: Object.keys(OPERATIONS),
    profiles: ["checker", "untyped", "signature"],
  };
}

function answer(message) {
  const id = message.get("id");
  const input = message.get("input");
  const typed = [input.get("data"), input.get("outputs")].some((one) => one instanceof Map && !one.has("value"));
  if (typed) return { id, skip: "only JSON values are read, no columns or tensors with dtypes" };
  try {
    return { id, result: OPERATIONS[message.get("operation")](input) };
  } catch (error) {
    if (error instanceof Refused) return { id, result: { error: error.code, details: error.details } };
    return { id, error: String(error.stack) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = parse(line);
  if (message.get("cmd") === "stop") break;
  const said = message.get("cmd") === "start" ? about() : answer(message);
  process.stdout.write(`${stringify(said)}\n`);
}
