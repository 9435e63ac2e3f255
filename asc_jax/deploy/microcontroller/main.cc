// The scene of one clip, kSamples of int16 at 16 kHz on standard input, by TensorFlow Lite Micro, whose folder is TFLM.
// Compile it with the options of the library: TF_LITE_STATIC_MEMORY changes its structures.
//   L=TFLM/tensorflow/lite/micro/tools/make/downloads
//   c++ -std=c++17 -O2 -DTF_LITE_STATIC_MEMORY -I TFLM -I $L/flatbuffers/include -I $L/gemmlowp main.cc
//     libtensorflow-microlite.a -o scene && ./scene < clip.raw
#include <cstdio>

#include "front_end.h"
#include "network.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

alignas(16) static uint8_t arena[kArenaBytes];
static int16_t audio[kSamples];
static asc::Map mel, waves;

static int failed(const char* why) {
  std::fprintf(stderr, "%s\n", why);
  return 1;
}

static int8_t quantised(float x, const TfLiteTensor* tensor) {
  const float steps = std::round(x / tensor->params.scale) + tensor->params.zero_point;
  return static_cast<int8_t>(std::min(127.0f, std::max(-128.0f, steps)));
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
  if (interpreter.AllocateTensors() != kTfLiteOk) return failed("the arena is too small");
  if (std::fread(audio, sizeof *audio, kSamples, stdin) != kSamples) return failed("standard input is too short");

  asc::features(audio, mel, waves);
  TfLiteTensor* input = interpreter.input(0);  // [1, kBands, kFrames, 2]
  int8_t* to = input->data.int8;
  for (int band = 0; band < kBands; ++band) {
    for (int frame = 0; frame < asc::kFrames; ++frame) {
      *to++ = quantised(mel[band][frame], input);
      *to++ = quantised(waves[band][frame], input);
    }
  }
  if (interpreter.Invoke() != kTfLiteOk) return failed("the network failed");

  const TfLiteTensor* output = interpreter.output(0);  // [1, kScenes]
  float cosine[kScenes], sum = 0;
  for (int scene = 0; scene < kScenes; ++scene) {
    cosine[scene] = (output->data.int8[scene] - output->params.zero_point) * output->params.scale;
    sum += std::exp(kScale * cosine[scene]);
  }
  const float* best = std::max_element(cosine, cosine + kScenes);
  const char* scene_name = std::log(sum) < kUnknownBelow ? "unknown" : kSceneNames[best - cosine];
  std::printf("%s %.3f\n", scene_name, std::exp(kScale * *best) / sum);
  for (int scene = 0; scene < kScenes; ++scene) std::printf("%.3f %s\n", cosine[scene], kSceneNames[scene]);
  std::fprintf(stderr, "%zu of the arena's %zu bytes\n", interpreter.arena_used_bytes(), sizeof arena);
}
