"""The page around an animation: one file, with its style and its script inside."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass
class Frame:
    """What the page shows at one place of the slider.

    Attributes:
        text: beside the picture, in HTML.
        gradients: by box.
        current: the box of the operation.
        targets: the boxes that it passes something on to.
        waiting: boxes that have a part of their gradient.
        done: boxes that have passed theirs on.
    """

    text: str
    gradients: dict[str, str]
    current: str
    targets: list[str]
    waiting: list[str]
    done: list[str]


_STYLE = """
body { margin: 0; font: 15px/1.45 Helvetica, Arial, sans-serif; color: #0f172a; background: #fff; }
header { position: sticky; top: 0; display: flex; gap: 10px; align-items: center; padding: 10px 16px;
  background: #f8fafc; border-bottom: 1px solid #cbd5e1; flex-wrap: wrap; z-index: 1; }
header input { flex: 1; min-width: 160px; }
button { font: inherit; padding: 3px 12px; border: 1px solid #64748b; border-radius: 6px;
  background: #fff; cursor: pointer; }
button:disabled { opacity: .35; cursor: default; }
main { display: flex; gap: 16px; padding: 12px 16px; align-items: flex-start; }
#graph { flex: 1 1 45%; overflow: auto; } #graph svg { max-width: 100%; height: auto; }
#side { flex: 0 1 440px; min-width: 300px; } h2 { font-size: 18px; margin: 4px 0 8px; } p { margin: 6px 0; }
.part { border-left: 4px solid #56B4E9; padding: 2px 0 2px 12px; margin: 12px 0; }
.rule { font-size: 19px; margin: 4px 0; } .wait { color: #9a3412; } .order { background: #fef3c7; padding: 6px 10px; }
.key span { display: inline-block; padding: 0 8px; margin-right: 8px; border-radius: 4px; border: 2px solid; }
.current :is(polygon, path) { fill: #ffe2b8 !important; stroke: #D55E00 !important; stroke-width: 4px !important; }
.target :is(polygon, path) { stroke: #0072B2 !important; stroke-width: 3px !important; }
.waiting :is(polygon, path) { fill: #fef9c3 !important; stroke-dasharray: 6 3 !important; }
.done :is(polygon, path) { fill: #d1fae5 !important; }
.unknown text:last-of-type { visibility: hidden; }
@media (max-width: 720px) { main { flex-direction: column; } }
"""

_SCRIPT = """
const frames = JSON.parse(document.getElementById("frames").textContent);
const boxes = {};
for (const group of document.querySelectorAll("#graph g.node"))
  boxes[group.querySelector("title").textContent.trim()] = group;
const slider = document.getElementById("slider"), counter = document.getElementById("counter");
let timer = null;
function show(at) {
  at = Math.max(0, Math.min(frames.length - 1, at));
  slider.value = at;
  counter.textContent = at + " / " + (frames.length - 1);
  const frame = frames[at];
  document.getElementById("text").innerHTML = frame.text;
  for (const [key, group] of Object.entries(boxes)) {
    const role = key === frame.current ? "current" : frame.waiting.includes(key) ? "waiting"
      : frame.targets.includes(key) ? "target" : frame.done.includes(key) ? "done" : "";
    const lines = group.querySelectorAll("text"), last = lines[lines.length - 1];
    const holds = last && (last.dataset.gradient || last.textContent.startsWith("grad "));
    if (holds) {
      last.dataset.gradient = "yes";
      const shape = group.querySelector("polygon, path").getBBox();
      last.setAttribute("text-anchor", "middle");
      last.setAttribute("x", shape.x + shape.width / 2);
      last.textContent = key in frame.gradients ? "grad " + frame.gradients[key] : "grad";
    }
    const unknown = holds && !(key in frame.gradients) ? " unknown" : "";
    group.setAttribute("class", "node " + role + (frame.targets.includes(key) ? " target" : "") + unknown);
  }
  document.getElementById("back").disabled = at === 0;
  document.getElementById("on").disabled = at === frames.length - 1;
  if (at === frames.length - 1) stop();
}
function stop() { clearInterval(timer); timer = null; document.getElementById("play").textContent = "Play"; }
slider.max = frames.length - 1;
slider.oninput = () => show(+slider.value);
document.getElementById("back").onclick = () => show(+slider.value - 1);
document.getElementById("on").onclick = () => show(+slider.value + 1);
document.getElementById("play").onclick = () => {
  if (timer) return stop();
  if (+slider.value === frames.length - 1) show(0);
  timer = setInterval(() => show(+slider.value + 1), 1500);
  document.getElementById("play").textContent = "Pause";
};
document.onkeydown = event => {
  if (event.target === slider) return;
  if (event.key === "ArrowRight") show(+slider.value + 1);
  if (event.key === "ArrowLeft") show(+slider.value - 1);
};
show(Number((location.hash || "#0").slice(1)) || 0);
"""

_KEY = (
    '<p class="key"><span style="background:#ffe2b8;border-color:#D55E00">now</span>'
    '<span style="border-color:#0072B2">receives</span>'
    '<span style="background:#fef9c3;border-color:#64748b;border-style:dashed">waits for more</span>'
    '<span style="background:#d1fae5;border-color:#64748b">done</span></p>'
)


def page(svg: str, frames: list[Frame]) -> str:
    """The page, for a picture whose boxes bear the keys that the frames speak of."""
    data = json.dumps([asdict(frame) for frame in frames]).replace("</", "<\\/")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Backward, step by step</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style></head><body>\n"
        '<header><button id="back">Back</button><button id="on">Next</button><button id="play">Play</button>'
        '<input id="slider" type="range" min="0" value="0" aria-label="step"><span id="counter"></span></header>\n'
        f'<main><div id="graph">{svg}</div><div id="side"><div id="text"></div>{_KEY}</div></main>\n'
        f'<script id="frames" type="application/json">{data}</script>\n<script>{_SCRIPT}</script>\n</body></html>\n'
    )
