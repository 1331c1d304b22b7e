// What the two pictures of the gradient check share: colours of the page, a width that follows, pulling with the pointer.

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const axis = () => ({ stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } });

/** A plot in `place`, made again by `options(width)` and `data` at each `draw`; `pulled` hears of x under the pointer. */
export function plotIn(place, height, pulled) {
  let drawn = null, last = null;
  const draw = (options, data) => {
    last = [options, data];
    drawn?.destroy();
    drawn = new globalThis.uPlot({ ...options(), width: Math.max(260, place.clientWidth), height, legend: { show: false }, cursor: { show: false } }, data, place);
    const { over } = drawn;
    over.addEventListener("pointerdown", (event) => {
      const pull = (at) => { const box = drawn.over.getBoundingClientRect(); pulled(drawn.posToVal(at.clientX - box.left, "x")); };
      const end = () => { globalThis.removeEventListener("pointermove", pull); globalThis.removeEventListener("pointerup", end); };
      event.preventDefault();
      pull(event);
      globalThis.addEventListener("pointermove", pull);
      globalThis.addEventListener("pointerup", end);
    });
  };
  let width = 0;
  const observer = new ResizeObserver(() => {
    if (place.clientWidth && Math.abs(place.clientWidth - width) > 2) { width = place.clientWidth; if (last) draw(...last); }
  });
  observer.observe(place);
  return { draw, close() { observer.disconnect(); drawn?.destroy(); drawn = null; last = null; } };
}

/** Draw on a plot in its own units: a vertical line, or a point. */
export function marker(u, kind, x, y) {
  const { ctx } = u, fine = devicePixelRatio || 1, left = u.valToPos(x, "x", true);
  if (!Number.isFinite(left) || left < u.bbox.left - 1 || left > u.bbox.left + u.bbox.width + 1) return;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour(kind.token);
  ctx.lineWidth = 1.5 * fine;
  if (kind.shape === "line") {
    ctx.setLineDash((kind.dash || []).map((one) => one * fine));
    ctx.beginPath();
    ctx.moveTo(left, u.bbox.top);
    ctx.lineTo(left, u.bbox.top + u.bbox.height);
    ctx.stroke();
  } else {
    const top = u.valToPos(y, "y", true);
    ctx.beginPath();
    if (kind.shape === "diamond") {
      const r = 6 * fine;
      ctx.moveTo(left, top - r); ctx.lineTo(left + r, top); ctx.lineTo(left, top + r); ctx.lineTo(left - r, top); ctx.closePath();
    } else ctx.arc(left, top, 5 * fine, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
}
