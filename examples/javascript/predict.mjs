// Says which digit a wav file holds. usage: node predict.mjs EXPORT FILE.wav... [--json]
// EXPORT is what `speechrnn export digits --format onnx` wrote. The same code runs in a browser, where fetch() takes the
// place of readFile and decodeAudioData that of readWav.
import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-web";

// From the bytes of a wav file to mono samples between -1 and 1.
function readWav(bytes, rate) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (tag(0) !== "RIFF" || tag(8) !== "WAVE") throw new Error("no wav file");
  let format, data;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    if (tag(at) === "fmt ") {
      const kind = view.getUint16(at + 8, true);
      // 0xfffe keeps the true kind further on
      format = {
        float: (kind === 0xfffe ? view.getUint16(at + 32, true) : kind) === 3,
        channels: view.getUint16(at + 10, true),
        rate: view.getUint32(at + 12, true),
        bits: view.getUint16(at + 22, true),
      };
    }
    if (tag(at) === "data") data = { at: at + 8, size: Math.min(size, bytes.length - at - 8) };
    at += 8 + size + (size % 2);
  }
  if (!format || !data) throw new Error("a wav file without samples");
  if (format.rate !== rate) throw new Error(`${format.rate} Hz, needed ${rate}; resample it`);
  const read = {
    "false 8": (at) => (view.getUint8(at) - 128) / 128,
    "false 16": (at) => view.getInt16(at, true) / 32768,
    "false 24": (at) => (view.getUint16(at, true) + 65536 * view.getInt8(at + 2)) / 8388608,
    "false 32": (at) => view.getInt32(at, true) / 2147483648,
    "true 32": (at) => view.getFloat32(at, true),
  }[`${format.float} ${format.bits}`];
  if (!read) throw new Error(`samples of ${format.bits} bits, which this example does not read`);
  const [step, n] = [format.bits / 8, format.channels];
  const samples = new Float32Array(Math.floor(data.size / step / n));
  for (let i = 0; i < samples.length; i++) {
    for (let c = 0; c < n; c++) samples[i] += read(data.at + (i * n + c) * step) / n;
  }
  return samples;
}

const args = process.argv.slice(2);
const [folder, ...files] = args.filter((one) => one !== "--json");
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";
const labels = JSON.parse(await readFile(`${folder}/labels.json`));
const { sample_rate: rate, threshold } = JSON.parse(await readFile(`${folder}/export.json`));
const session = await ort.InferenceSession.create(await readFile(`${folder}/model.onnx`));

for (const path of files) {
  const samples = readWav(await readFile(path), rate);
  // trimming, MFCC, network and softmax are all in the model
  const answer = await session.run({
    waveform: new ort.Tensor("float32", samples, [1, samples.length]),
    length: new ort.Tensor("int64", BigInt64Array.of(BigInt(samples.length)), [1]),
  });
  const probabilities = Array.from(answer.probabilities.data);
  const known = answer.known.data[0];
  const best = probabilities.indexOf(Math.max(...probabilities));
  const label = known < threshold ? null : labels[best];
  if (args.includes("--json")) console.log(JSON.stringify({ path, label, probabilities, known }));
  else console.log(`${path}: ${label ?? "no digit"} (${(100 * probabilities[best]).toFixed(1)} %)`);
}
