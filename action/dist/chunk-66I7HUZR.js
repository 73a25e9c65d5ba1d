// src/checker.ts
import { readFileSync } from "node:fs";

// wasm/checker.js
function check(host, options) {
  let deferred3_0, deferred3_1;
  try {
    let ptr0 = passStringToWasm0(options, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len0 = WASM_VECTOR_LEN, ret = wasm.check(host, ptr0, len0);
    var ptr2 = ret[0], len2 = ret[1];
    if (ret[3])
      throw ptr2 = 0, len2 = 0, takeFromExternrefTable0(ret[2]);
    return deferred3_0 = ptr2, deferred3_1 = len2, getStringFromWasm0(ptr2, len2);
  } finally {
    wasm.__wbindgen_free(deferred3_0, deferred3_1, 1);
  }
}
function render(document, options) {
  let deferred4_0, deferred4_1;
  try {
    let ptr0, len0, ptr1, len1;
    try {
      ptr0 = passStringToWasm0(document, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len0 = WASM_VECTOR_LEN, ptr1 = passStringToWasm0(options, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len1 = WASM_VECTOR_LEN;
    } catch (e) {
      throw ptr1 && wasm.__wbindgen_free(ptr1, len1 * 1, 1), ptr0 && wasm.__wbindgen_free(ptr0, len0 * 1, 1), e;
    }
    let ret = wasm.render(ptr0, len0, ptr1, len1);
    var ptr3 = ret[0], len3 = ret[1];
    if (ret[3])
      throw ptr3 = 0, len3 = 0, takeFromExternrefTable0(ret[2]);
    return deferred4_0 = ptr3, deferred4_1 = len3, getStringFromWasm0(ptr3, len3);
  } finally {
    wasm.__wbindgen_free(deferred4_0, deferred4_1, 1);
  }
}
function __wbg_get_imports() {
  return {
    __proto__: null,
    "./checker_bg.js": {
      __proto__: null,
      __wbg_Error_208446807d0d1e30: function(arg0, arg1) {
        return Error(getStringFromWasm0(arg0, arg1));
      },
      __wbg___wbindgen_debug_string_f249a2a76caa9a55: function(arg0, arg1) {
        let ret = debugString(arg1), ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len1 = WASM_VECTOR_LEN;
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4, len1, !0), getDataViewMemory0().setInt32((arg0 >>> 0) + 0, ptr1, !0);
      },
      __wbg_entries_7cca2f607fc0ea40: function() {
        return handleError(function(arg0, arg1) {
          let ret = arg1.entries(), ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len1 = WASM_VECTOR_LEN;
          getDataViewMemory0().setInt32((arg0 >>> 0) + 4, len1, !0), getDataViewMemory0().setInt32((arg0 >>> 0) + 0, ptr1, !0);
        }, arguments);
      },
      __wbg_read_5ecb6e91c9b95558: function() {
        return handleError(function(arg0, arg1, arg2, arg3, arg4) {
          let ret = arg1.read(getStringFromWasm0(arg2, arg3), arg4);
          var ptr1 = isLikeNone(ret) ? 0 : passArray8ToWasm0(ret, wasm.__wbindgen_malloc), len1 = WASM_VECTOR_LEN;
          getDataViewMemory0().setInt32((arg0 >>> 0) + 4, len1, !0), getDataViewMemory0().setInt32((arg0 >>> 0) + 0, ptr1, !0);
        }, arguments);
      },
      __wbindgen_init_externref_table: function() {
        let table = wasm.__wbindgen_externrefs;
        table.set(0, void 0), table.set(1024, void 0), table.set(1025, null), table.set(1026, !0), table.set(1027, !1);
      }
    }
  };
}
function addToExternrefTable0(obj) {
  let idx = wasm.__externref_table_alloc();
  return wasm.__wbindgen_externrefs.set(idx, obj), idx;
}
function debugString(val) {
  switch (typeof val) {
    // primitive types
    case "number":
    case "boolean":
    case "undefined":
      return `${val}`;
    case "string":
      return JSON.stringify(val);
    case "bigint":
      return `${val}n`;
    case "symbol":
      return val.description !== void 0 ? `Symbol(${val.description})` : "Symbol";
    case "function":
      return typeof val.name == "string" && val.name !== "" ? `Function(${val.name})` : "Function";
    case "object": {
      if (val === null)
        return "null";
      if (Array.isArray(val))
        return "[" + Array.from(val, debugString).join(", ") + "]";
      if (val instanceof Error)
        return `${val.name}: ${val.message}
${val.stack}`;
      let toStringOutput = toString.call(val), className = /\[object ([^\]]+)\]/.exec(toStringOutput)?.[1];
      if (className === void 0)
        return toStringOutput;
      if (className === "Object")
        try {
          return "Object(" + JSON.stringify(val) + ")";
        } catch {
          return "Object";
        }
      return className;
    }
  }
}
var cachedDataViewMemory0 = null;
function getDataViewMemory0() {
  return (cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === !0 || cachedDataViewMemory0.buffer.detached === void 0 && cachedDataViewMemory0.buffer !== wasm.memory.buffer) && (cachedDataViewMemory0 = new DataView(wasm.memory.buffer)), cachedDataViewMemory0;
}
function getStringFromWasm0(ptr, len) {
  return ptr = ptr >>> 0, decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}
var cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
  return (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) && (cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer)), cachedUint8ArrayMemory0;
}
function handleError(f, args) {
  try {
    return f.apply(this, args);
  } catch (e) {
    let idx = addToExternrefTable0(e);
    wasm.__wbindgen_exn_store(idx);
  }
}
function isLikeNone(x) {
  return x == null;
}
function passArray8ToWasm0(arg, malloc) {
  let ptr = malloc(arg.length * 1, 1) >>> 0;
  return getUint8ArrayMemory0().set(arg, ptr / 1), WASM_VECTOR_LEN = arg.length, ptr;
}
function passStringToWasm0(arg, malloc, realloc) {
  if (realloc === void 0) {
    let buf = cachedTextEncoder.encode(arg), ptr2 = malloc(buf.length, 1) >>> 0;
    return getUint8ArrayMemory0().subarray(ptr2, ptr2 + buf.length).set(buf), WASM_VECTOR_LEN = buf.length, ptr2;
  }
  let len = arg.length, ptr = malloc(len, 1) >>> 0, mem = getUint8ArrayMemory0(), offset = 0;
  for (; offset < len; offset++) {
    let code = arg.charCodeAt(offset);
    if (code > 127) break;
    mem[ptr + offset] = code;
  }
  if (offset !== len) {
    offset !== 0 && (arg = arg.slice(offset)), ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
    let view = getUint8ArrayMemory0().subarray(ptr + offset, ptr + len), ret = cachedTextEncoder.encodeInto(arg, view);
    offset += ret.written, ptr = realloc(ptr, len, offset, 1) >>> 0;
  }
  return WASM_VECTOR_LEN = offset, ptr;
}
function takeFromExternrefTable0(idx) {
  let value = wasm.__wbindgen_externrefs.get(idx);
  return wasm.__externref_table_dealloc(idx), value;
}
var cachedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: !0 });
cachedTextDecoder.decode();
var MAX_SAFARI_DECODE_BYTES = 2146435072, numBytesDecoded = 0;
function decodeText(bytes) {
  return numBytesDecoded += bytes.length, numBytesDecoded >= MAX_SAFARI_DECODE_BYTES && (cachedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: !0 }), cachedTextDecoder.decode(), numBytesDecoded = bytes.length), cachedTextDecoder.decode(bytes);
}
var cachedTextEncoder = new TextEncoder();
"encodeInto" in cachedTextEncoder || (cachedTextEncoder.encodeInto = function(arg, view) {
  let buf = cachedTextEncoder.encode(arg);
  return view.set(buf), {
    read: arg.length,
    written: buf.length
  };
});
var WASM_VECTOR_LEN = 0, wasmModule, wasmInstance, wasm;
function __wbg_finalize_init(instance, module) {
  return wasmInstance = instance, wasm = instance.exports, wasmModule = module, cachedDataViewMemory0 = null, cachedUint8ArrayMemory0 = null, wasm.__wbindgen_start(), wasm;
}
function initSync(module) {
  if (wasm !== void 0) return wasm;
  module !== void 0 && (Object.getPrototypeOf(module) === Object.prototype ? { module } = module : console.warn("using deprecated parameters for `initSync()`; pass a single object instead"));
  let imports = __wbg_get_imports();
  module instanceof WebAssembly.Module || (module = new WebAssembly.Module(module));
  let instance = new WebAssembly.Instance(module, imports);
  return __wbg_finalize_init(instance, module);
}

// src/checker.ts
var ready = !1;
function load() {
  ready || (initSync({ module: readFileSync(new URL("./checker_bg.wasm", import.meta.url)) }), ready = !0);
}
function check2(host, options) {
  return load(), JSON.parse(check(host, JSON.stringify(options)));
}
function render2(document, options) {
  return load(), JSON.parse(render(document, JSON.stringify(options)));
}

// src/inputs.ts
import { readFileSync as readFileSync2 } from "node:fs";
import { resolve } from "node:path";
var InputError = class extends Error {
};
function inputs(env) {
  let problems = [], get = (name) => (env[`INPUT_${name.toUpperCase()}`] ?? "").trim(), choice = (name, known, missing) => {
    let value = get(name);
    if (value === "") return missing;
    let found = known.find((each) => each === value);
    return found === void 0 && problems.push(`input '${name}' is '${value}', and must be one of ${known.join(", ")}`), found ?? missing;
  }, mode = choice("mode", ["check", "comment"], "check"), comment = choice("comment", ["auto", "always", "never"], "auto"), failOn = choice("fail-on", ["", "error", "warning", "note", "never"], "") || null, trigger = choice("trigger", ["", "github", "railway-up", "local"], "") || null, path = get("path") || ".", config = null, configPath = get("config");
  if (configPath)
    try {
      config = readFileSync2(resolve(env.GITHUB_WORKSPACE ?? ".", configPath), "utf8");
    } catch (error) {
      problems.push(`input 'config': cannot read '${configPath}': ${error.message}`);
    }
  let report = get("report");
  mode === "comment" && report === "" && problems.push("input 'report' is needed with mode: comment");
  let token = get("token");
  if (mode === "comment" && token === "" && problems.push("input 'token' is needed with mode: comment"), problems.length > 0) throw new InputError(`Preflight: ${problems.join("; ")}`);
  return { mode, path, config, failOn, trigger, comment, token, report };
}

export {
  check2 as check,
  render2 as render,
  InputError,
  inputs
};
