"use strict";
// The network, which runs in a worker so that the page stays responsive, and what is predicted of a recording.

let worker;

/** Starts the worker with the network. */
async function loadNetwork() {
  const source = new Blob([RUNTIME.script, `;(${work})();`], { type: "text/javascript" });
  worker = new Worker(URL.createObjectURL(source));
  await ask({ module: RUNTIME.module, wasm: await unpack(RUNTIME.wasm), model: await unpack(MODEL) });
}

/** What the worker does: it loads the network, and then returns the cosines of waveforms. It sees nothing of the page. */
function work() {
  let network;
  async function answer({ module, wasm, model, waveform }) {
    if (model) {
      ort.env.wasm.numThreads = 1; // more are for pages that their server isolates from others
      ort.env.wasm.wasmPaths = { mjs: `data:text/javascript;base64,${module}` };
      ort.env.wasm.wasmBinary = wasm;
      network = await ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ["wasm"] });
      return null;
    }
    const feeds = { waveform: new ort.Tensor("float32", waveform, [1, waveform.length]) };
    const { cosine } = await network.run(feeds, ["cosine"]);
    return [...cosine.data];
  }
  onmessage = ({ data, ports: [port] }) => answer(data).then(
    (value) => port.postMessage({ value }),
    (error) => port.postMessage({ error: error.message }),
  );
}

/** The worker's answer to a message. */
function ask(message) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message: reason }) => reject(new Error(reason));
    port1.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.value));
    worker.postMessage(message, [port2]);
  });
}

/** The bytes of a text that is base64 of gzip. */
async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** Cosine to every scene, of one window; null where it has no signal. */
async function cosineOf(waveform) {
  return hasSignal(waveform) ? ask({ waveform }) : null;
}

/** The mean of the cosines that are not null; null where all are. */
function meanOf(cosines) {
  const voted = cosines.filter((cosine) => cosine);
  if (!voted.length) return null;
  return FACTS.scenes.map((_, n) => voted.reduce((sum, cosine) => sum + cosine[n], 0) / voted.length);
}

/** The probability of every scene: the softmax of the scaled cosines. */
function confidences(cosine) {
  const exponentials = cosine.map((value) => Math.exp(FACTS.scale * value));
  const sum = exponentials.reduce((total, value) => total + value);
  return exponentials.map((value) => value / sum);
}

/** The name of the nearest scene, or "unknown" where the network was calibrated and none is near. */
function sceneOf(cosine) {
  if (!cosine) return "(no signal)";
  const score = Math.log(cosine.reduce((sum, value) => sum + Math.exp(FACTS.scale * value), 0));
  return score < FACTS.unknown_below ? "unknown" : FACTS.scenes[cosine.indexOf(Math.max(...cosine))];
}

/** "0:00 bus, 3:20 park": each scene with the time it begins, where there is more than one window. */
function timeline(starts, cosines) {
  if (cosines.length < 2) return "";
  const scenes = cosines.map(sceneOf);
  const changes = scenes.flatMap((scene, n) => (scene === scenes[n - 1] ? [] : [`${clock(starts[n])} ${scene}`]));
  return changes.join(", ");
}

/** 3723.5 seconds -> 1:02:03 */
function clock(seconds) {
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
