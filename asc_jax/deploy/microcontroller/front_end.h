// The features of a clip, as asc_jax/net/frontend.py computes them: log-mel and Wavegram, normalised.
#pragma once
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>

#include "network.h"

namespace asc {

constexpr int kWindow = 1024, kFrames = kSamples / kHop + 1;
constexpr float kPi = 3.14159265358979f, kRate = 16000;

using Map = float[kBands][kFrames];

// What does not depend on the sound: the Hann window, the Fourier transform's factors, and the mel bands' edges in Hz
// on the HTK scale. A band's triangle begins at its edge, is highest at the next and ends at the one after.
struct Tables {
  float hann[kWindow];
  std::complex<float> factor[kWindow / 2];
  float edge[kBands + 2];

  Tables() {
    for (int n = 0; n < kWindow; ++n) hann[n] = 0.5f - 0.5f * std::cos(2 * kPi * n / kWindow);
    for (int n = 0; n < kWindow / 2; ++n) factor[n] = std::polar(1.0f, -2 * kPi * n / kWindow);
    const float highest = 2595 * std::log10(1 + kRate / 2 / 700);
    for (int band = 0; band < kBands + 2; ++band)
      edge[band] = 700 * (std::pow(10.0f, highest * band / (kBands + 1) / 2595) - 1);
  }
};

// The fast Fourier transform of kWindow complex numbers, in place.
inline void fft(std::complex<float>* x, const Tables& tables) {
  for (int i = 1, j = 0; i < kWindow; ++i) {
    int bit = kWindow / 2;
    for (; j & bit; bit /= 2) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (int half = 1; half < kWindow; half *= 2) {
    for (int k = 0; k < half; ++k) {
      for (int even = k; even < kWindow; even += 2 * half) {
        const std::complex<float> odd = tables.factor[k * (kWindow / 2 / half)] * x[even + half];
        x[even + half] = x[even] - odd;
        x[even] += odd;
      }
    }
  }
}

inline float mel_decibels(const float* power, int band, const Tables& tables) {
  const float low = tables.edge[band], middle = tables.edge[band + 1], high = tables.edge[band + 2];
  const float step = kRate / kWindow;
  float sum = 0;
  for (int bin = static_cast<int>(std::ceil(low / step)); bin * step < high && bin <= kWindow / 2; ++bin) {
    const float weight = std::min((bin * step - low) / (middle - low), (high - bin * step) / (high - middle));
    sum += weight * 2 / (high - low) * (kMagnitudeMel ? std::sqrt(power[bin]) : power[bin]);
  }
  return (kMagnitudeMel ? 20 : 10) * std::log10(sum + 1e-8f);
}

inline void log_mel(const int16_t* audio, Map& map) {
  static const Tables tables;
  static std::complex<float> spectrum[kWindow];
  static float power[kWindow / 2 + 1];
  for (int frame = 0; frame < kFrames; ++frame) {
    for (int n = 0; n < kWindow; ++n) {
      int at = std::abs(frame * kHop + n - kWindow / 2);  // reflected at both ends
      if (at >= kSamples) at = 2 * (kSamples - 1) - at;
      spectrum[n] = tables.hann[n] * audio[at] / 32768;
    }
    fft(spectrum, tables);
    for (int bin = 0; bin <= kWindow / 2; ++bin) power[bin] = std::norm(spectrum[bin]);
    for (int band = 0; band < kBands; ++band) map[band][frame] = mel_decibels(power, band, tables);
  }
}

inline void wavegram(const int16_t* audio, Map& map) {
  for (int frame = 0; frame < kFrames; ++frame) {
    int64_t sum = 0;
    const int first = frame * kHop - kWindow / 2;  // zeros beyond both ends
    for (int n = std::max(0, -first); n < std::min(kWindow, kSamples - first); ++n) sum += kTaps[n] * audio[first + n];
    const float filtered = std::max(0.0f, static_cast<float>(sum) * kTapScale / 32768 + kFilterBias);
    for (int band = 0; band < kBands; ++band)
      map[band][frame] = std::max(0.0f, kSpread[band] * filtered + kSpreadBias[band]);
  }
}

// Mean and standard deviation, in double, which many numbers need.
struct Moments {
  float mean, deviation;

  Moments(const float* x, int count, float variance_floor) {
    double sum = 0, squares = 0;
    for (int n = 0; n < count; ++n) sum += x[n];
    mean = static_cast<float>(sum / count);
    for (int n = 0; n < count; ++n) squares += (x[n] - mean) * (x[n] - mean);
    deviation = std::sqrt(std::max(static_cast<float>(squares / count), variance_floor));
  }
};

// Zero mean and unit standard deviation; with a share, of each band, plus that share of the whole map's.
inline void normalise(Map& map, float share) {
  const Moments whole(map[0], kBands * kFrames, 1e-8f);
  for (auto& band : map) {
    const Moments own(band, kFrames, 1e-2f);
    for (float& x : band) {
      const float of_whole = (x - whole.mean) / whole.deviation;
      x = share == 0 ? of_whole : (x - own.mean) / own.deviation + share * of_whole;
    }
  }
}

inline void features(const int16_t* audio, Map& mel, Map& waves) {
  log_mel(audio, mel);
  wavegram(audio, waves);
  normalise(mel, kResidualNormalisation);
  normalise(waves, 0);
}

}  // namespace asc
