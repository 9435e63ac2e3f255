"use strict";
// The log-mel spectrogram that the network computes, as a picture.

// of the colour map cividis, from low to high
const COLOURS = [[0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115], [138, 134, 120],
  [165, 156, 116], [195, 179, 105], [225, 204, 85], [254, 232, 56]];
const RANGE = 60; // decibels below the loudest
const MOST_FRAMES = 1000;

/** Of each mel band its first frequency bin and the weights from there on: triangles on the HTK scale. */
function melFilters() {
  const { window: size, bands } = FACTS.log_mel, nyquist = FACTS.sampling_rate / 2;
  const highest = Math.log10(1 + nyquist / 700);
  const edges = Array.from({ length: bands + 2 }, (_, n) => 700 * (10 ** (highest * n / (bands + 1)) - 1));
  return Array.from({ length: bands }, (_, band) => {
    const [low, centre, high] = edges.slice(band, band + 3);
    const first = Math.ceil(low * size / FACTS.sampling_rate), weights = [];
    for (let bin = first; bin * FACTS.sampling_rate / size < high; bin++) {
      const frequency = bin * FACTS.sampling_rate / size;
      const height = Math.min((frequency - low) / (centre - low), (high - frequency) / (high - centre));
      weights.push(height * 2 / (high - low));
    }
    return { first, weights };
  });
}

/** In place: the Fourier transform of as many values as a power of two. */
function transform(real, imaginary) {
  const size = real.length;
  for (let n = 1, swapped = 0; n < size; n++) {
    let bit = size >> 1;
    for (; swapped & bit; bit >>= 1) swapped ^= bit;
    swapped ^= bit;
    if (n < swapped) {
      [real[n], real[swapped]] = [real[swapped], real[n]];
      [imaginary[n], imaginary[swapped]] = [imaginary[swapped], imaginary[n]];
    }
  }
  for (let half = 1; half < size; half *= 2) {
    for (let k = 0; k < half; k++) {
      const cosine = Math.cos(Math.PI * k / half), sine = -Math.sin(Math.PI * k / half);
      for (let even = k; even < size; even += 2 * half) {
        const odd = even + half;
        const x = real[odd] * cosine - imaginary[odd] * sine, y = real[odd] * sine + imaginary[odd] * cosine;
        real[odd] = real[even] - x;
        imaginary[odd] = imaginary[even] - y;
        real[even] += x;
        imaginary[even] += y;
      }
    }
  }
}

/** Decibels of each frame, [frames][bands], of at most MOST_FRAMES: of long recordings some frames are left out. */
function logMel(audio) {
  const { window: size, hop: shortest } = FACTS.log_mel, filters = melFilters(), last = audio.length - 1;
  const hop = shortest * Math.ceil(audio.length / shortest / MOST_FRAMES), frames = [];
  const real = new Float64Array(size), imaginary = new Float64Array(size);
  for (let centre = 0; centre <= audio.length; centre += hop) {
    for (let n = 0; n < size; n++) {
      const at = Math.abs(centre - size / 2 + n); // reflected at the beginning, and then at the end
      const sample = audio[last - Math.abs(last - at)] ?? 0;
      real[n] = sample * (0.5 - 0.5 * Math.cos(2 * Math.PI * n / size));
    }
    imaginary.fill(0);
    transform(real, imaginary);
    const power = (bin) => real[bin] ** 2 + imaginary[bin] ** 2;
    frames.push(filters.map(({ first, weights }) => 10 * Math.log10(
      weights.reduce((sum, weight, n) => sum + weight * power(first + n), 1e-8))));
  }
  return frames;
}

/** Time from left to right, low bands at the bottom. */
function draw(canvas, frames) {
  const bands = FACTS.log_mel.bands, image = new ImageData(frames.length, bands);
  const loudest = frames.reduce((most, frame) => Math.max(most, ...frame), -Infinity);
  frames.forEach((frame, column) => frame.forEach((level, band) => {
    const at = 4 * ((bands - 1 - band) * frames.length + column);
    image.data.set(colour(1 - (loudest - level) / RANGE), at);
    image.data[at + 3] = 255;
  }));
  canvas.width = frames.length;
  canvas.height = bands;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Red, green and blue of a value in [0, 1]. */
function colour(value) {
  const place = Math.max(value, 0) * (COLOURS.length - 1), low = Math.min(Math.floor(place), COLOURS.length - 2);
  return COLOURS[low].map((from, n) => from + (COLOURS[low + 1][n] - from) * (place - low));
}
