"""The page as a widget of a notebook: a frame around the one-file page, and messages between it and the bench."""

import json
import threading
from typing import Any

import anywidget
import traitlets

from lamina.errors import LaminaError
from lamina.laboratory.bench import Bench
from lamina.laboratory.exporting.one_file import one_file
from lamina.laboratory.plain import plain
from lamina.laboratory.questions import answer

SECONDS_BETWEEN_LOOKS = 0.1

# The frame has no rights but scripts and downloads: it reaches the bench by messages alone.
ESM = """
export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts allow-downloads");
    frame.setAttribute("allow", "clipboard-write");
    frame.setAttribute("title", "lamina lab");
    frame.style.cssText = `width: 100%; height: ${model.get("height")}px; border: 1px solid #8884; border-radius: 8px;`;
    frame.srcdoc = model.get("page");
    const fromPage = (event) => {
      if (event.source !== frame.contentWindow || !event.data || event.data.lamina !== "ask") return;
      model.send(event.data);
    };
    const fromBench = (message) => {
      if (message && message.lamina && frame.contentWindow) frame.contentWindow.postMessage(message, "*");
    };
    const resized = () => { frame.style.height = `${model.get("height")}px`; };
    globalThis.addEventListener("message", fromPage);
    model.on("msg:custom", fromBench);
    model.on("change:height", resized);
    el.append(frame);
    return () => {
      globalThis.removeEventListener("message", fromPage);
      model.off("msg:custom", fromBench);
      model.off("change:height", resized);
    };
  },
};
"""


class LabWidget(anywidget.AnyWidget):
    """The lab in a notebook; `height` is in pixels.

    Parameters
    ----------
    bench : Bench
    height : int
    """

    _esm = ESM
    page = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int(780).tag(sync=True)

    def __init__(self, bench: Bench, height: int = 780) -> None:
        super().__init__(page=one_file(), height=height)
        self.bench = bench
        self._ended = threading.Event()
        self.on_msg(self._asked)
        self._looking = threading.Thread(target=self._look, name="lamina-lab-look", daemon=True)
        self._looking.start()

    def _asked(self, _: Any, message: Any, buffers: Any) -> None:
        """Answer a question of the page."""
        if not isinstance(message, dict) or message.get("lamina") != "ask":
            return
        number, name, arguments = (message.get(one) for one in ("id", "name", "arguments"))
        said: dict[str, Any] = {"lamina": "answer", "id": number}
        try:
            if not isinstance(name, str) or not isinstance(arguments, dict):
                raise LaminaError("expected the name of a question, and an object of arguments")
            said["answer"] = answer(self.bench, name, arguments)
        except LaminaError as problem:
            said["error"] = str(problem)
        self.send(said)
        if name != "now":
            self._tell()

    def _tell(self) -> None:
        self.send({"lamina": "now", "now": plain(self.bench.now())})

    def _look(self) -> None:
        """Tell the page where things stand, whenever that has changed."""
        last = ""
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            now = json.dumps(plain(self.bench.now()))
            if now != last and self.comm is not None:
                last = now
                self._tell()

    def close(self) -> None:
        """End the training and the messages."""
        self._ended.set()
        self.bench.close()
        super().close()
