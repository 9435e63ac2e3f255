// The features of a clip, as asc_jax/net/frontend.py computes them: log-mel and Wavegram, normalised.
#pragma once
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>

#include "network.h"

constexpr int kWindow = 1024, kFrames = kSamples / kHop + 1;
constexpr float kPi = 3.14159265358979f, kRate = 16000;

using Map = float[kBands][kFrames];

// In place, of kWindow complex numbers.
inline void fourier(std::complex<float>* x) {
  for (int i = 1, j = 0; i < kWindow; ++i) {
    int bit = kWindow >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (int size = 2; size <= kWindow; size *= 2) {
    for (int k = 0; k < size / 2; ++k) {
      const std::complex<float> turn = std::polar(1.0f, -2 * kPi * k / size);
      for (int start = k; start < kWindow; start += size) {
        const std::complex<float> even = x[start], odd = turn * x[start + size / 2];
        x[start] = even + odd;
        x[start + size / 2] = even - odd;
      }
    }
  }
}

// Where a band's triangle begins, in Hz, on the HTK scale; its peak is the next band's edge, its end the one after.
inline float edge(int band) {
  const float highest = 2595 * std::log10(1 + kRate / 2 / 700);
  return 700 * (std::pow(10.0f, highest * band / (kBands + 1) / 2595) - 1);
}

inline float decibels_of_band(const float* power, int band) {
  const float low = edge(band), middle = edge(band + 1), high = edge(band + 2), step = kRate / kWindow;
  float sum = 0;
  for (int bin = std::ceil(low / step); bin * step < high && bin <= kWindow / 2; ++bin) {
    const float weight = std::min((bin * step - low) / (middle - low), (high - bin * step) / (high - middle));
    sum += weight * 2 / (high - low) * (kMagnitudeMel ? std::sqrt(power[bin]) : power[bin]);
  }
  return (kMagnitudeMel ? 20 : 10) * std::log10(sum + 1e-8f);
}

inline void log_mel(const int16_t* audio, Map& map) {
  static std::complex<float> spectrum[kWindow];
  static float power[kWindow / 2 + 1];
  for (int frame = 0; frame < kFrames; ++frame) {
    for (int n = 0; n < kWindow; ++n) {
      int at = std::abs(frame * kHop + n - kWindow / 2);  // reflected at both ends
      if (at >= kSamples) at = 2 * (kSamples - 1) - at;
      spectrum[n] = (0.5f - 0.5f * std::cos(2 * kPi * n / kWindow)) * audio[at] / 32768;
    }
    fourier(spectrum);
    for (int bin = 0; bin <= kWindow / 2; ++bin) power[bin] = std::norm(spectrum[bin]);
    for (int band = 0; band < kBands; ++band) map[band][frame] = decibels_of_band(power, band);
  }
}

inline void wavegram(const int16_t* audio, Map& map) {
  for (int frame = 0; frame < kFrames; ++frame) {
    float sum = 0;
    const int first = frame * kHop - kWindow / 2;  // zeros beyond both ends
    for (int n = std::max(0, -first); n < std::min(kWindow, kSamples - first); ++n)
      sum += static_cast<float>(kTaps[n]) * audio[first + n];
    const float filtered = std::max(0.0f, sum * kTapScale / 32768 + kFilterBias);
    for (int band = 0; band < kBands; ++band)
      map[band][frame] = std::max(0.0f, kSpread[band] * filtered + kSpreadBias[band]);
  }
}

// Mean, and 1 over the standard deviation, of `count` numbers.
inline void moments(const float* x, int count, float floor, float& mean, float& scale) {
  double sum = 0, squares = 0;
  for (int n = 0; n < count; ++n) sum += x[n];
  mean = sum / count;
  for (int n = 0; n < count; ++n) squares += (x[n] - mean) * (x[n] - mean);
  scale = 1 / std::sqrt(std::max(static_cast<float>(squares / count), floor));
}

// Zero mean and unit standard deviation; with a share, of each band, plus that share of the whole map's.
inline void normalise(Map& map, float share) {
  float mean, scale, band_mean, band_scale;
  moments(map[0], kBands * kFrames, 1e-8f, mean, scale);
  for (auto& band : map) {
    moments(band, kFrames, 1e-2f, band_mean, band_scale);
    for (float& x : band) {
      const float whole = (x - mean) * scale;
      x = share == 0 ? whole : (x - band_mean) * band_scale + share * whole;
    }
  }
}

inline void features(const int16_t* audio, Map& mel, Map& waves) {
  log_mel(audio, mel);
  wavegram(audio, waves);
  normalise(mel, kResidualNormalisation);
  normalise(waves, 0);
}
