import {
  InputError,
  render
} from "./chunk-66I7HUZR.js";
import "./chunk-E76U5H52.js";

// src/companion.ts
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
var LIMIT = 1024 * 1024;
function readReport(path, options) {
  let file;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new InputError(`Preflight: cannot read the report: ${error.message}`);
  }
  try {
    let size = fstatSync(file).size;
    if (size > LIMIT) throw new InputError(`Preflight: the report has ${size} bytes, and at most ${LIMIT} are read`);
    let { comment, verdict } = render(readFileSync(file, "utf8"), options);
    return { comment, quiet: verdict === "clear" || verdict === "nothing-to-check" };
  } finally {
    closeSync(file);
  }
}
export {
  readReport
};
