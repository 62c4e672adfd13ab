/* Says which digit a wav file holds. usage: predict MODEL.onnx FILE.wav...
 *
 * MODEL.onnx is in the folder that `speechrnn export digits --format onnx` writes; it takes samples, so this is all the
 * code there is: read 16-bit mono, run, print each label's probability. Needs libonnxruntime (it is in the wheel that pip
 * installs, in onnxruntime/capi) and no header: of the API, which is one table of functions, sixteen are used. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* places in the table OrtApi, which never change (onnxruntime_c_api.h), and the types of what stands there */
enum { GET_ERROR_MESSAGE = 2, CREATE_ENV = 3, CREATE_SESSION = 7, RUN = 9, CREATE_SESSION_OPTIONS = 10,
       CREATE_TENSOR_WITH_DATA = 49, GET_TENSOR_MUTABLE_DATA = 51, GET_ELEMENT_COUNT = 64, GET_TYPE_AND_SHAPE = 65,
       CREATE_CPU_MEMORY_INFO = 69, RELEASE_ENV = 92, RELEASE_MEMORY_INFO = 94, RELEASE_SESSION = 95, RELEASE_VALUE = 96,
       RELEASE_TYPE_AND_SHAPE = 99, RELEASE_SESSION_OPTIONS = 100 };
enum { API_VERSION = 17, LOG_ERRORS = 3, FLOAT32 = 1, INT64 = 7, RATE = 8000 };
typedef void *Status;
typedef const char *(*Message)(Status);
typedef Status (*CreateEnv)(int, const char *, void **);
typedef Status (*CreateOptions)(void **);
typedef Status (*CreateSession)(void *, const char *, void *, void **);
typedef Status (*CreateMemoryInfo)(int, int, void **);
typedef Status (*CreateTensor)(void *, void *, size_t, const int64_t *, size_t, int, void **);
typedef Status (*Run)(void *, void *, const char *const *, void *const *, size_t, const char *const *, size_t, void **);
typedef Status (*GetData)(void *, void **);
typedef Status (*GetShape)(void *, void **);
typedef Status (*GetCount)(void *, size_t *);
typedef void (*Release)(void *);
struct ApiBase { const void *const *(*get_api)(uint32_t); const char *(*version)(void); };
const struct ApiBase *OrtGetApiBase(void);

static const void *const *api;

static void check(Status status) {
  if (status) {
    fprintf(stderr, "error: %s\n", ((Message)api[GET_ERROR_MESSAGE])(status));
    exit(1);
  }
}

static uint32_t read_number(const unsigned char *at, int n) {
  uint32_t value = 0;
  for (int i = n - 1; i >= 0; i--) value = value << 8 | at[i];
  return value;
}

/* All of a file; NULL where it cannot be read. */
static unsigned char *read_all(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  long end = fseek(file, 0, SEEK_END) ? -1 : ftell(file);
  unsigned char *bytes = end > 0 && end < INT32_MAX ? malloc(*size = (size_t)end) : NULL;  /* a folder claims more */
  rewind(file);
  if (bytes && fread(bytes, 1, *size, file) != *size) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  return bytes;
}

/* Samples of a wav file, 16 bits, mono, at the model's rate; NULL where it is anything else. */
static float *read_samples(const unsigned char *bytes, size_t size, int64_t *n) {
  if (!bytes || size < 12 || memcmp(bytes, "RIFF", 4) || memcmp(bytes + 8, "WAVE", 4)) return NULL;
  int fits = 0;
  for (size_t at = 12; at + 8 <= size;) {
    size_t length = read_number(bytes + at + 4, 4);
    const unsigned char *body = bytes + at + 8;
    if (length > size - at - 8) length = size - at - 8;
    if (!memcmp(bytes + at, "fmt ", 4) && length >= 16)
      fits = read_number(body, 2) == 1 && read_number(body + 2, 2) == 1 && read_number(body + 4, 4) == RATE &&
             read_number(body + 14, 2) == 16;
    if (!memcmp(bytes + at, "data", 4) && fits && length >= 2) {
      *n = (int64_t)(length / 2);
      float *samples = malloc((size_t)*n * sizeof *samples);
      for (int64_t i = 0; samples && i < *n; i++) samples[i] = (int16_t)read_number(body + 2 * i, 2) / 32768.0f;
      return samples;
    }
    at += 8 + length + length % 2;
  }
  return NULL;
}

static void release(int place, void *what) { ((Release)api[place])(what); }

static size_t count(void *value) {
  void *info;
  size_t n;
  check(((GetShape)api[GET_TYPE_AND_SHAPE])(value, &info));
  check(((GetCount)api[GET_ELEMENT_COUNT])(info, &n));
  release(RELEASE_TYPE_AND_SHAPE, info);
  return n;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: predict MODEL.onnx FILE.wav...\n");
    return 2;
  }
  if (!(api = OrtGetApiBase()->get_api(API_VERSION))) return 1;
  void *env, *options, *session, *memory;
  check(((CreateEnv)api[CREATE_ENV])(LOG_ERRORS, "speechrnn", &env));
  check(((CreateOptions)api[CREATE_SESSION_OPTIONS])(&options));
  check(((CreateSession)api[CREATE_SESSION])(env, argv[1], options, &session));
  check(((CreateMemoryInfo)api[CREATE_CPU_MEMORY_INFO])(0, 0, &memory));
  int failed = 0;
  for (int i = 2; i < argc; i++) {
    int64_t n, one = 1;
    size_t size = 0;
    unsigned char *bytes = read_all(argv[i], &size);
    float *samples = read_samples(bytes, size, &n);
    free(bytes);
    if (!samples) {
      fprintf(stderr, "error: %s: needed a wav file, 16 bits, mono, %d Hz\n", argv[i], RATE);
      failed = 1;
      continue;
    }
    CreateTensor create = (CreateTensor)api[CREATE_TENSOR_WITH_DATA];
    void *inputs[2], *outputs[2] = {NULL, NULL};
    check(create(memory, samples, (size_t)n * sizeof *samples, (int64_t[]){1, n}, 2, FLOAT32, &inputs[0]));
    check(create(memory, &n, sizeof n, &one, 1, INT64, &inputs[1]));
    const char *taken[] = {"waveform", "length"}, *given[] = {"probabilities", "known"};
    check(((Run)api[RUN])(session, NULL, taken, inputs, 2, given, 2, outputs));
    float *probabilities, *known;
    check(((GetData)api[GET_TENSOR_MUTABLE_DATA])(outputs[0], (void **)&probabilities));
    check(((GetData)api[GET_TENSOR_MUTABLE_DATA])(outputs[1], (void **)&known));
    size_t best = 0, n_labels = count(outputs[0]);
    for (size_t k = 1; k < n_labels; k++) best = probabilities[k] > probabilities[best] ? k : best;
    /* the label, in how far it is any at all, and the probability of each */
    printf("%s: %zu %.7f", argv[i], best, *known);
    for (size_t k = 0; k < n_labels; k++) printf(" %.7f", probabilities[k]);
    printf("\n");
    for (int k = 0; k < 2; k++) release(RELEASE_VALUE, inputs[k]), release(RELEASE_VALUE, outputs[k]);
    free(samples);
  }
  release(RELEASE_MEMORY_INFO, memory);
  release(RELEASE_SESSION, session);
  release(RELEASE_SESSION_OPTIONS, options);
  release(RELEASE_ENV, env);
  return failed;
}
