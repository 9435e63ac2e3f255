"use strict";
// The last seconds that the microphone recorded.

const RECORDER = `registerProcessor("recorder", class extends AudioWorkletProcessor {
  process([[samples]]) {
    if (samples) this.port.postMessage(samples.slice());
    return true;
  }
});`;

/** Starts the microphone; `latest` gives up to that many of its last seconds, at the network's rate; `close` ends it. */
async function openMicrophone(seconds) {
  if (!navigator.mediaDevices || !window.AudioWorkletNode) {
    throw new Error("this browser lends the microphone only to pages from https, from localhost or from a file");
  }
  // What is for voices would take the scene away.
  const processing = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: processing });
  const context = new AudioContext(); // at the microphone's own rate: Firefox knows no other
  await context.resume();
  await context.audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(RECORDER)}`);
  const recorder = new AudioWorkletNode(context, "recorder", { channelCount: 1, channelCountMode: "explicit" });
  context.createMediaStreamSource(stream).connect(recorder).connect(context.destination); // whose output is silence
  let blocks = [], count = 0;
  recorder.port.onmessage = ({ data }) => {
    blocks.push(data);
    count += data.length;
    while (count - blocks[0].length >= seconds * context.sampleRate) count -= blocks.shift().length;
  };
  const close = () => {
    stream.getTracks().forEach((track) => track.stop());
    return context.close();
  };
  return { latest: () => latest(blocks, count, context.sampleRate), close };
}

/** Blocks of samples as one recording. The browser resamples sound files well, and so it does this as a file. */
async function latest(blocks, count, rate) {
  const recorded = new Float32Array(count);
  let at = 0;
  for (const block of blocks) {
    recorded.set(block, at);
    at += block.length;
  }
  return count ? decode(toWav(recorded, rate)) : recorded;
}
