"use strict";
// What the page does: it loads the network, and shows what is predicted of files and of the microphone.

const PAUSE = 100; // milliseconds between two pictures of the microphone
const FIRST = 0.5; // seconds recorded before the first prediction
const SECONDS = FACTS.samples / FACTS.sampling_rate;

const find = (name) => document.getElementById(name);
const percent = (share) => `${Math.round(100 * share)} %`;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let microphone, files = Promise.resolve();

function say(text) {
  find("status").textContent = text;
}

/** The spectrogram of samples, and what stands at its ends. */
function showPicture(audio, left, right) {
  find("result").hidden = false;
  draw(find("picture"), logMel(audio));
  find("left").textContent = left;
  find("right").textContent = right;
}

/** The scene, and the bar of every scene; a cosine of null is no signal. */
function showScores(cosine, note) {
  const shares = cosine && confidences(cosine);
  find("scene").textContent = sceneOf(cosine);
  find("note").textContent = shares ? `${percent(Math.max(...shares))} · ${note}` : note;
  FACTS.scenes.forEach((scene, n) => {
    const share = shares ? shares[n] : 0, row = find("scores").children[n];
    row.style.setProperty("--share", share);
    row.classList.toggle("first", Boolean(shares) && share === Math.max(...shares));
    row.lastElementChild.textContent = percent(share);
  });
}

/** A row of cells at the top of the table. */
function addRow(...texts) {
  find("recordings").hidden = false;
  const row = find("rows").insertRow(0);
  texts.forEach((text) => { row.insertCell().textContent = text; });
}

/** Predicts one file, window by window. */
async function classify(file) {
  say(`${file.name}: decoding …`);
  const audio = await decode(await file.arrayBuffer());
  const windows = windowsOf(audio), starts = windows.map(([start]) => start / FACTS.sampling_rate), cosines = [];
  for (const [, waveform] of windows) {
    say(`${file.name}: window ${cosines.length + 1} of ${windows.length} …`);
    cosines.push(await cosineOf(waveform));
  }
  const mean = meanOf(cosines);
  if (!mean) throw new Error(audio.length ? "it is silent" : "it holds no samples");
  showPicture(audio, "0:00", clock(audio.length / FACTS.sampling_rate));
  showScores(mean, file.name);
  addRow(file.name, sceneOf(mean), percent(Math.max(...confidences(mean))), timeline(starts, cosines));
}

/** Predicts files one after the other, those that are added meanwhile after them. */
function addFiles(added) {
  const chosen = [...added];
  files = files.then(async () => {
    await stop();
    await ready;
    for (const file of chosen) {
      await classify(file).catch((error) => addRow(file.name, "", "", `not predicted: ${error.message}`));
    }
    say("");
  });
}

/** Shows the last seconds of the microphone and predicts them, again and again until it is stopped. */
async function record() {
  await ready;
  say("Waiting for the microphone …");
  const opened = await openMicrophone(SECONDS);
  await stop(); // one that a second click has opened meanwhile
  microphone = opened;
  find("microphone").textContent = "Stop the microphone";
  say("");
  let predicting = false;
  while (microphone === opened) {
    await pause(PAUSE);
    const audio = await opened.latest(), recorded = Math.min(audio.length / FACTS.sampling_rate, SECONDS);
    if (recorded < FIRST || microphone !== opened) continue;
    showPicture(audio, `${recorded.toFixed(1)} s ago`, "now");
    if (predicting) continue;
    predicting = true;
    const note = recorded < 0.98 * SECONDS ? `${recorded.toFixed(1)} s of ${SECONDS} s, repeated` : "microphone";
    cosineOf(windowsOf(audio).at(-1)[1]).then((cosine) => {
      if (microphone === opened) showScores(cosine, note);
      predicting = false;
    }, (error) => say(error.message));
  }
}

async function stop() {
  const open = microphone;
  microphone = undefined;
  find("microphone").textContent = "Use the microphone";
  await open?.close();
}

function start() {
  find("about").textContent = `${FACTS.scenes.length} scenes, in windows of ${SECONDS} s. No sound leaves this browser.`;
  for (const scene of FACTS.scenes) {
    const row = find("scores").appendChild(document.createElement("li"));
    for (const text of [scene, "", ""]) row.appendChild(document.createElement("span")).textContent = text;
  }
  find("files").onchange = ({ target }) => {
    addFiles(target.files);
    target.value = ""; // the same file may be chosen again
  };
  find("microphone").onclick = () => {
    (microphone ? stop() : record()).catch((error) => say(`No microphone: ${error.message}`));
  };
  document.ondragover = (event) => event.preventDefault();
  document.ondrop = (event) => {
    event.preventDefault();
    addFiles(event.dataTransfer.files);
  };
}

start();
const ready = loadNetwork();
ready.then(
  () => say("Ready."),
  (error) => say(`The network cannot be loaded: ${error.message}`),
);
