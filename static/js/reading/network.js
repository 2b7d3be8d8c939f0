// LiteRT in WebAssembly: runs the .tflite files that the server runs.

import { Tensor, loadAndCompile, loadLiteRt, supportsFeature } from "@litertjs/core";

import { ofOne } from "./batch.js";

let loading;

// The library reports every step of its start as an error.
function printErr(text) {
  if (/^(INFO|WARNING|VERBOSE):/.test(text)) console.debug(text);
  else console.error(text);
}

// files: addresses of `fast` and `plain`, each { script, wasm }; fast needs relaxed SIMD.
function start(files) {
  loading ??= (async () => {
    const { script, wasm } = (await supportsFeature("relaxedSimd")) ? files.fast : files.plain;
    // The script asks this global where its WebAssembly lies and what to do with its log.
    self.Module = { locateFile: () => wasm, printErr };
    await loadLiteRt(new URL(script, location.href).href);
  })();
  return loading;
}

export class Network {
  constructor(model) {
    this.model = model;
  }

  static async load(address, files) {
    await start(files);
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address}: status ${answer.status}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return new Network(await loadAndCompile(ofOne(bytes), { accelerator: "wasm" }));
  }

  // Arrays, one for each output, in the network's order.
  async run(values, shape) {
    const input = new Tensor(values, shape);
    const outputs = await this.model.run(input);
    input.delete();
    return outputs.map((each) => {
      const copy = each.toTypedArray().slice();
      each.delete();
      return copy;
    });
  }
}
