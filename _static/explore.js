/* Plays the explorables of the book: see lib/explore.py. Without this script a still picture stays. */
(() => {
  "use strict";

  /* The table of tiles: one row of two-byte numbers a frame. */
  const decode = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const numbers = new Uint16Array(bytes.length / 2);
    numbers.forEach((_, k) => { numbers[k] = bytes[2 * k] + 256 * bytes[2 * k + 1]; });
    return numbers;
  };

  /* A function that puts frame k on the canvas. */
  const painter = (figure, data) => {
    const [image, canvas] = [figure.querySelector("img"), figure.querySelector("canvas")];
    const [pen, index, side] = [canvas.getContext("2d"), decode(data.index), data.tile];
    const columns = Math.floor(canvas.width / side); // tiles in a row of the sheet
    const across = Math.ceil(canvas.width / side); // cells in a row of the frame
    return (frame) => {
      pen.drawImage(image, 0, 0, canvas.width, canvas.height, 0, 0, canvas.width, canvas.height);
      data.positions.forEach((cell, j) => {
        const tile = index[frame * data.positions.length + j];
        pen.drawImage(
          image, (tile % columns) * side, data.height + Math.floor(tile / columns) * side, side, side,
          (cell % across) * side, Math.floor(cell / across) * side, side, side);
      });
      if (data.alts) image.alt = data.alts[frame];
    };
  };

  const setUp = (figure) => {
    if (figure.classList.contains("is-live")) return;
    const data = JSON.parse(figure.querySelector("script").textContent);
    const controls = data.controls;
    const state = controls.map((control) => control.start);
    const paint = painter(figure, data);
    const status = figure.querySelector(".explorable-status");
    const fields = controls.map((control) => [...figure.querySelectorAll("[data-control]")]
      .filter((element) => element.dataset.control === control.name));
    const pad = figure.querySelector(".explorable-pad");
    const padded = (data.pad || []).map((name) => controls.findIndex((c) => c.name === name));
    let waiting = 0;

    const say = (j) => `${controls[j].label}: ${controls[j].texts[state[j]]}`;
    const frame = () => state.reduce((k, i, j) => k * controls[j].texts.length + i, 0);

    /* Every form of control j shows its state. */
    const mirror = (j) => fields[j].forEach((field) => {
      const text = controls[j].texts[state[j]];
      if (field.type === "radio") field.checked = Number(field.value) === state[j];
      else if (field.type === "button") field.setAttribute("aria-label", `${say(j)}. Change`);
      else field.value = state[j];
      if (field.type === "range") {
        field.setAttribute("aria-valuetext", text);
        field.style.setProperty("--done", `${(100 * state[j]) / (controls[j].texts.length - 1)}%`);
        field.nextElementSibling.textContent = text;
      }
    });

    const mirrorPad = () => {
      if (!pad) return;
      const [x, y] = padded.map((j) => (100 * state[j]) / (controls[j].texts.length - 1));
      pad.style.setProperty("--x", `${x}%`);
      pad.style.setProperty("--y", `${100 - y}%`);
      pad.setAttribute("aria-valuenow", state[padded[0]]);
      pad.setAttribute("aria-valuetext", padded.map(say).join(", "));
    };

    const show = (announce) => {
      controls.forEach((_, j) => mirror(j));
      mirrorPad();
      paint(frame());
      clearTimeout(waiting);
      if (announce) waiting = setTimeout(() => {
        const alt = data.alts ? ` ${data.alts[frame()]}` : "";
        status.textContent = `${controls.map((_, j) => say(j)).join(", ")}.${alt}`;
      }, 400); // after the hand has come to rest, not at every step
    };

    const set = (j, i) => {
      const clipped = Math.min(Math.max(i, 0), controls[j].texts.length - 1);
      if (clipped === state[j]) return;
      state[j] = clipped;
      show(true);
    };

    fields.forEach((group, j) => group.forEach((field) => {
      if (field.type === "button") {
        field.addEventListener("click", () => set(j, (state[j] + 1) % controls[j].texts.length));
      } else {
        field.addEventListener("input", () => set(j, Number(field.value)));
      }
    }));

    if (pad) {
      const [jx, jy] = padded;
      pad.setAttribute("aria-label", `${controls[jx].label} and ${controls[jy].label}`);
      pad.setAttribute("aria-valuemin", 0);
      pad.setAttribute("aria-valuemax", controls[jx].texts.length - 1);
      const drag = (event) => {
        const box = pad.getBoundingClientRect();
        const at = (fraction, j) => Math.round(fraction * (controls[j].texts.length - 1));
        set(jx, at((event.clientX - box.left) / box.width, jx));
        set(jy, at((box.bottom - event.clientY) / box.height, jy));
      };
      pad.addEventListener("pointerdown", (event) => {
        pad.setPointerCapture(event.pointerId);
        drag(event);
      });
      pad.addEventListener("pointermove", (event) => {
        if (pad.hasPointerCapture(event.pointerId)) drag(event);
      });
      pad.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
        if (!(event.key in step)) return;
        event.preventDefault();
        set(jx, state[jx] + step[event.key][0]);
        set(jy, state[jy] + step[event.key][1]);
      });
    }

    figure.querySelector("img").decode().then(() => {
      figure.classList.add("is-live");
      show(false);
    }, () => {}); // a picture that cannot be decoded stays as it is
  };

  const start = () => document.querySelectorAll("figure.explorable").forEach((figure) => {
    if (figure.querySelector("script")) setUp(figure);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
