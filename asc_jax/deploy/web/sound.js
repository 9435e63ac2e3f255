"use strict";
// Sound as the network takes it: mono samples in [-1, 1] at its rate, in windows of its length.

/** A sound file of any format that the browser reads -> the mean of its channels, resampled, in steps of 16 bits. */
async function decode(bytes) {
  const context = new OfflineAudioContext(1, 1, FACTS.sampling_rate);
  const buffer = await context.decodeAudioData(bytes);
  const mono = new Float32Array(buffer.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
    buffer.getChannelData(channel).forEach((sample, n) => { mono[n] += sample / buffer.numberOfChannels; });
  }
  return mono.map((sample) => to16bits(sample) / FACTS.full_scale);
}

function to16bits(sample) {
  return Math.min(Math.max(Math.round(sample * FACTS.full_scale), -FACTS.full_scale), FACTS.full_scale - 1);
}

/** The content of a mono WAV file of 16 bits. */
function toWav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, letters) => [...letters].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // bytes of the format
  view.setUint16(20, 1, true); // integers
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true); // bytes a second
  view.setUint16(32, 2, true); // bytes a frame
  view.setUint16(34, 16, true); // bits
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, n) => view.setInt16(44 + 2 * n, to16bits(sample), true));
  return view.buffer;
}

/** [first sample, samples] of windows that do not overlap, but for the last, which ends where the recording does.
 *
 * A recording shorter than a window starts over until it fills one.
 */
function windowsOf(audio) {
  const size = FACTS.samples, found = [];
  for (let start = 0; start + size < audio.length; start += size) {
    found.push([start, audio.subarray(start, start + size)]);
  }
  if (audio.length >= size) {
    found.push([audio.length - size, audio.subarray(audio.length - size)]);
  } else if (audio.length) {
    found.push([0, Float32Array.from({ length: size }, (_, n) => audio[n % audio.length])]);
  }
  return found;
}

/** Whether samples deviate from their mean by a step of 16 bits or more: what deviates less is rounding. */
function hasSignal(audio) {
  const mean = audio.reduce((sum, sample) => sum + sample, 0) / audio.length;
  const variance = audio.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / audio.length;
  return Math.sqrt(variance) * FACTS.full_scale >= 1;
}
