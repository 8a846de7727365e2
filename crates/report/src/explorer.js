// Draws explorers: parallel coordinates, a heat map of two parameters, the distribution of a measure. Requests nothing;
// texts go in through textContent only, SVG built as strings holds numbers of its own making.
(() => {
  const NS = "http://www.w3.org/2000/svg";
  const make = (tag, attributes, parent, text) => {
    const element = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    if (parent) parent.appendChild(element);
    return element;
  };
  const html = (tag, parent, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    if (parent) parent.appendChild(element);
    return element;
  };
  const short = (value) => value === null || !isFinite(value) ? "-" : value === 0 ? "0"
    : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 ? value.toExponential(2) : String(+value.toPrecision(4));
  const clip = (text, most) => text.length > most ? text.slice(0, most - 2) + ".." : text;
  const span = (values) => {
    let low = Infinity, high = -Infinity;
    for (const value of values) if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); }
    return low > high ? [0, 1] : low === high ? [low - 0.5, high + 0.5] : [low, high];
  };
  // From low to high: blue, grey, orange, told apart by most eyes and on both backgrounds.
  const colour = (share) => {
    const stops = [[44, 105, 176], [150, 150, 150], [227, 119, 30]];
    const at = Math.min(1.9999, Math.max(0, share) * 2), from = stops[Math.floor(at)], to = stops[Math.floor(at) + 1];
    const part = at - Math.floor(at);
    return "rgb(" + from.map((c, i) => Math.round(c + (to[i] - c) * part)).join(",") + ")";
  };
  // Places of values among all of them, from 0 to 1: one outlier does not take all the colours.
  const ranks = (values) => {
    const order = values.map((value, i) => [value, i]).filter((pair) => pair[0] !== null).sort((a, b) => a[0] - b[0]);
    const out = values.map(() => null);
    order.forEach((pair, place) => { out[pair[1]] = order.length > 1 ? place / (order.length - 1) : 0.5; });
    return out;
  };
  const select = (parent, label, options, chosen, changed) => {
    const box = html("label", parent, label + " ");
    const list = html("select", box);
    options.forEach((name, i) => { const option = html("option", list, name); option.value = i; });
    list.value = chosen;
    list.addEventListener("change", () => changed(+list.value));
    return list;
  };
  const label = (column, value) => value === null ? "-" : column.words.length ? column.words[value] : short(value);

  const parallel = (box, data, state) => {
    box.textContent = "";
    const measure = data.measures[state.measure], axes = [...data.varying, measure];
    const width = Math.max(480, box.clientWidth || 900), height = 340, top = 34, bottom = 26, side = 70;
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" }, box);
    make("title", {}, svg, "Parallel coordinates: one line per row");
    const x = (i) => axes.length > 1 ? side + (width - 2 * side) * i / (axes.length - 1) : width / 2;
    const spans = axes.map((axis) => axis.words.length ? [0, Math.max(1, axis.words.length - 1)] : span(axis.values));
    const y = (i, value) => top + (height - top - bottom) * (1 - (value - spans[i][0]) / (spans[i][1] - spans[i][0]));
    const shares = ranks(measure.values);
    const shown = data.rows.map((_, row) => row).filter((row) => measure.values[row] !== null);
    const inside = (row) => state.ranges.every((range, i) => !range || (axes[i].values[row] !== null
      && axes[i].values[row] >= range[0] && axes[i].values[row] <= range[1]));
    // The best are drawn last, on top.
    shown.sort((a, b) => shares[a] - shares[b]);
    const lines = make("g", {}, svg);
    const thin = shown.length > 2000 ? 0.25 : shown.length > 300 ? 0.5 : 0.8;
    let count = 0;
    for (const row of shown) {
      const isIn = inside(row);
      count += isIn;
      // Rows with equal words would lie on one another: each keeps a little way of its own.
      const way = (((row * 2654435761) % 1024) / 1024 - 0.5) * Math.min(10, 0.4 * (height - top - bottom) / Math.max(2, ...axes.map((axis) => axis.words.length)));
      const points = axes.map((axis, i) => axis.values[row] === null ? null
        : `${x(i).toFixed(1)},${(y(i, axis.values[row]) + (axis.words.length ? way : 0)).toFixed(1)}`);
      if (points.includes(null)) continue;
      const line = make("polyline", { points: points.join(" "), fill: "none", stroke: isIn ? colour(shares[row]) : "currentColor",
        "stroke-width": isIn ? 1.1 : 0.5, "stroke-opacity": isIn ? thin : 0.05 }, lines);
      if (isIn && shown.length <= 3000) make("title", {}, line, data.rows[row] + ": " + axes.map((axis) => `${axis.name} ${label(axis, axis.values[row])}`).join(", "));
    }
    axes.forEach((axis, i) => {
      make("line", { x1: x(i), x2: x(i), y1: top, y2: height - bottom, stroke: "currentColor" }, svg);
      // The outer names grow inward.
      const [at, anchor] = i === axes.length - 1 ? [width - 2, "end"] : i === 0 ? [2, "start"] : [x(i), "middle"];
      make("text", { x: at, y: 14, "text-anchor": anchor, class: "name" }, svg, clip(axis.name, Math.max(10, Math.floor(width / axes.length / 7))));
      const ticks = axis.words.length ? axis.words.map((_, place) => place) : [0, 0.25, 0.5, 0.75, 1].map((s) => spans[i][0] + s * (spans[i][1] - spans[i][0]));
      const stride = Math.ceil(ticks.length / 14);
      ticks.forEach((tick, place) => {
        if (place % stride === 0) make("text", { x: x(i) + 5, y: y(i, tick) + 3, class: "tick" }, svg, clip(label(axis, tick), 14));
      });
      const range = state.ranges[i];
      if (range) make("rect", { x: x(i) - 6, y: y(i, range[1]), width: 12, height: Math.max(2, y(i, range[0]) - y(i, range[1])), class: "brush" }, svg);
      const hit = make("rect", { x: x(i) - 14, y: top - 8, width: 28, height: height - top - bottom + 16, fill: "transparent", style: "cursor:ns-resize;touch-action:none" }, svg);
      const value = (event) => {
        const bounds = svg.getBoundingClientRect(), at = (event.clientY - bounds.top) * height / bounds.height;
        return spans[i][0] + (1 - (at - top) / (height - top - bottom)) * (spans[i][1] - spans[i][0]);
      };
      let from = null;
      hit.addEventListener("pointerdown", (event) => { from = value(event); hit.setPointerCapture(event.pointerId); });
      hit.addEventListener("pointerup", (event) => {
        if (from === null) return;
        const to = value(event), air = axis.words.length ? 0.3 : 0;
        const isClick = Math.abs(to - from) < (spans[i][1] - spans[i][0]) * 0.01;
        state.ranges[i] = isClick ? null : [Math.min(from, to) - air, Math.max(from, to) + air];
        from = null;
        parallel(box, data, state);
      });
    });
    const without = data.rows.length - shown.length;
    html("p", box, `${count} of ${shown.length} rows${without ? ` (${without} more have no ${measure.name})` : ""}. Drag along an axis to keep a range, click it to let go.`, "small");
  };

  const heat = (box, data, state) => {
    box.textContent = "";
    const [a, b] = [data.parameters[state.x], data.parameters[state.y]], measure = data.measures[state.measure];
    // Ranges are cut into ten parts.
    const bins = (column) => {
      if (column.words.length) return { names: column.words, of: (value) => value };
      const [low, high] = span(column.values), step = (high - low) / 10;
      return { names: Array.from({ length: 10 }, (_, i) => short(low + (i + 0.5) * step)), of: (value) => Math.min(9, Math.floor((value - low) / step)) };
    };
    const [across, down] = [bins(a), bins(b)], cells = new Map();
    data.rows.forEach((_, row) => {
      if (a.values[row] === null || b.values[row] === null || measure.values[row] === null) return;
      const key = across.of(a.values[row]) + "/" + down.of(b.values[row]);
      if (!cells.has(key)) cells.set(key, []);
      cells.get(key).push(measure.values[row]);
    });
    const total = { median: (v) => { const s = [...v].sort((p, q) => p - q), h = s.length >> 1; return s.length % 2 ? s[h] : (s[h - 1] + s[h]) / 2; },
      highest: (v) => Math.max(...v), lowest: (v) => Math.min(...v) }[["median", "highest", "lowest"][state.total]];
    const values = new Map([...cells].map(([key, list]) => [key, total(list)])), [low, high] = span([...values.values()]);
    const scroll = html("div", box, undefined, "scroll"), table = html("table", scroll, undefined, "heat");
    const head = html("tr", html("thead", table));
    html("th", head, `${b.name} \\ ${a.name}`);
    across.names.forEach((name) => html("th", head, clip(name, 16), "r"));
    const body = html("tbody", table);
    down.names.forEach((name, j) => {
      const line = html("tr", body);
      html("th", line, clip(name, 24));
      across.names.forEach((_, i) => {
        const key = i + "/" + j, value = values.get(key), cell = html("td", line, value === undefined ? "" : short(value), "r");
        if (value === undefined) return;
        cell.style.background = `color-mix(in srgb, ${colour((value - low) / (high - low))} 55%, transparent)`;
        cell.title = `${a.name} ${across.names[i]}, ${b.name} ${name}: ${cells.get(key).length} rows`;
      });
    });
  };

  const distribution = (box, data, state) => {
    box.textContent = "";
    const measure = data.measures[state.measure], values = measure.values.filter((value) => value !== null);
    const marks = measure.marks.filter((mark) => mark.value !== null);
    if (!values.length) { html("p", box, "no data", "none"); return; }
    const [low, high] = span([...values, ...marks.map((mark) => mark.value)]);
    const n = Math.max(8, Math.min(60, Math.ceil(Math.sqrt(values.length) * 1.5))), step = (high - low) / n, counts = new Array(n).fill(0);
    values.forEach((value) => { counts[Math.min(n - 1, Math.floor((value - low) / step))] += 1; });
    const width = Math.max(480, box.clientWidth || 900), height = 220, left = 44, right = 16, top = 16 + 14 * marks.length, bottom = 26, most = Math.max(...counts);
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" }, box);
    make("title", {}, svg, "Distribution of " + measure.name);
    const x = (value) => left + (width - left - right) * (value - low) / (high - low), y = (count) => top + (height - top - bottom) * (1 - count / most);
    counts.forEach((count, i) => {
      const bar = make("rect", { x: x(low + i * step) + 0.5, y: y(count), width: Math.max(1, x(low + (i + 1) * step) - x(low + i * step) - 1), height: y(0) - y(count), class: "bar" }, svg);
      make("title", {}, bar, `${short(low + i * step)} to ${short(low + (i + 1) * step)}: ${count}`);
    });
    make("line", { x1: left, x2: width - right, y1: y(0), y2: y(0), stroke: "currentColor" }, svg);
    for (let i = 0; i <= 6; i += 1) make("text", { x: x(low + (high - low) * i / 6), y: height - 8, "text-anchor": "middle", class: "tick" }, svg, short(low + (high - low) * i / 6));
    [0, 0.5, 1].forEach((share) => make("text", { x: left - 6, y: y(most * share) + 3, "text-anchor": "end", class: "tick" }, svg, String(Math.round(most * share))));
    marks.forEach((mark, i) => {
      make("line", { x1: x(mark.value), x2: x(mark.value), y1: 16 + 14 * i, y2: y(0), class: "mark m" + i }, svg);
      const isRight = x(mark.value) > width * 0.6;
      make("text", { x: x(mark.value) + (isRight ? -5 : 5), y: 14 + 14 * i, "text-anchor": isRight ? "end" : "start", class: "name" }, svg, `${mark.name} ${short(mark.value)}`);
    });
  };

  document.querySelectorAll("figure.explorer").forEach((figure) => {
    const source = figure.querySelector("script");
    if (!source) return;
    const data = JSON.parse(source.textContent), view = figure.querySelector(".view");
    const several = data.parameters.map((column, i) => [column, i]).filter(([column]) => column.words.length !== 1).map(([, i]) => i);
    // A parameter with one value tells nothing, and all lines would meet there.
    data.varying = several.length ? several.map((i) => data.parameters[i]) : data.parameters;
    const state = { measure: 0, x: several[0] || 0, y: several[1] === undefined ? several[0] || 0 : several[1], total: 0, ranges: [] };
    const controls = html("div", view, undefined, "controls"), boxes = {};
    const draw = () => {
      if (boxes.parallel) parallel(boxes.parallel, data, state);
      if (boxes.heat) heat(boxes.heat, data, state);
      distribution(boxes.distribution, data, state);
    };
    select(controls, "measure", data.measures.map((column) => column.name), state.measure, (i) => { state.measure = i; state.ranges.length = Math.min(state.ranges.length, data.varying.length); draw(); });
    if (data.parameters.length) {
      html("h3", view, "Parallel coordinates");
      boxes.parallel = html("div", view);
    }
    if (several.length > 1) {
      html("h3", view, "Two parameters");
      const names = data.parameters.map((column) => column.name), line = html("div", view, undefined, "controls");
      select(line, "across", names, state.x, (i) => { state.x = i; heat(boxes.heat, data, state); });
      select(line, "down", names, state.y, (i) => { state.y = i; heat(boxes.heat, data, state); });
      select(line, "of several rows the", ["median", "highest", "lowest"], 0, (i) => { state.total = i; heat(boxes.heat, data, state); });
      boxes.heat = html("div", view);
    }
    html("h3", view, "Distribution");
    boxes.distribution = html("div", view);
    draw();
    let timer;
    window.addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(draw, 150); });
  });
})();
