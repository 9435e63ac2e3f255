// The scene of one clip, kSamples of int16 at 16 kHz on standard input, by TensorFlow Lite Micro:
//   c++ -std=c++17 -O2 -I TFLM main.cc libtensorflow-microlite.a -o scene && ./scene < clip.raw
#include <cstdio>

#include "front_end.h"
#include "network.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

alignas(16) static uint8_t arena[kArenaBytes];
static int16_t audio[kSamples];
static Map mel, waves;

static int8_t quantised(float x, const TfLiteTensor* tensor) {
  const float steps = std::round(x / tensor->params.scale) + tensor->params.zero_point;
  return std::min(127.0f, std::max(-128.0f, steps));
}

int main() {
  tflite::MicroMutableOpResolver<12> operators;
  operators.AddAdd();
  operators.AddConv2D();
  operators.AddDepthwiseConv2D();
  operators.AddElu();
  operators.AddFullyConnected();
  operators.AddL2Normalization();
  operators.AddLogistic();
  operators.AddMean();
  operators.AddMul();
  operators.AddPad();
  operators.AddPrelu();
  operators.AddReshape();
  tflite::MicroInterpreter interpreter(tflite::GetModel(kNetwork), operators, arena, kArenaBytes);
  if (interpreter.AllocateTensors() != kTfLiteOk) return std::fprintf(stderr, "the arena is too small\n"), 1;
  if (std::fread(audio, sizeof *audio, kSamples, stdin) != kSamples)
    return std::fprintf(stderr, "standard input has fewer than %d samples\n", kSamples), 2;

  features(audio, mel, waves);
  TfLiteTensor* input = interpreter.input(0);  // [1, kBands, kFrames, 2]
  int8_t* to = input->data.int8;
  for (int band = 0; band < kBands; ++band)
    for (int frame = 0; frame < kFrames; ++frame) {
      *to++ = quantised(mel[band][frame], input);
      *to++ = quantised(waves[band][frame], input);
    }
  if (interpreter.Invoke() != kTfLiteOk) return std::fprintf(stderr, "the network failed\n"), 1;

  const TfLiteTensor* output = interpreter.output(0);  // [1, kScenes]
  const int8_t* best = std::max_element(output->data.int8, output->data.int8 + kScenes);
  std::printf("%s\n", kSceneNames[best - output->data.int8]);
  for (int scene = 0; scene < kScenes; ++scene) {
    const float cosine = (output->data.int8[scene] - output->params.zero_point) * output->params.scale;
    std::printf("%.3f %s\n", cosine, kSceneNames[scene]);
  }
  std::fprintf(stderr, "%zu of the arena's %zu bytes\n", interpreter.arena_used_bytes(), sizeof arena);
}
