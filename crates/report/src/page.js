// The one script of a report page: draws the charts to the width there is, shows values under the pointer, switches
// series and axes, sorts tables. It requests nothing and writes text only through textContent; the SVG it builds as a
// string holds numbers of its own making. All times are UTC.
"use strict";
(() => {
  const MINUTE = 60e3, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const N_COLOURS = 8;

  // ISO text of a time in milliseconds; seconds and fractions only where there are any.
  const isoTime = (ms) => {
    const text = new Date(ms).toISOString();
    if (ms % DAY === 0) return text.slice(0, 10);
    if (ms % MINUTE === 0) return text.slice(0, 16).replace("T", " ");
    return text.slice(0, ms % 1000 === 0 ? 19 : 23).replace("T", " ");
  };

  // 1234567.8 -> 1,234,567.8
  const separated = (text) => {
    const [whole, fraction] = text.split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return fraction === undefined ? grouped : grouped + "." + fraction;
  };

  // A value under the pointer: about eight digits, which is what the page holds.
  const exactText = (value, format) => {
    if (format === "percent") {
      const percent = value * 100;
      return (percent !== 0 && Math.abs(percent) < 0.01 ? percent.toPrecision(3) : separated(percent.toFixed(2))) + "%";
    }
    const size = Math.abs(value);
    if (value === 0) return "0";
    if (size < 1e-4 || size >= 1e15) return value.toExponential(5);
    return separated(size >= 1000 ? value.toFixed(2).replace(/\.00$/, "") : String(+value.toPrecision(6)));
  };

  // Decimals that tell neighbouring axis labels apart.
  const decimalsOf = (step) => {
    let decimals = 0;
    while (decimals < 10 && Math.abs(step - +step.toFixed(decimals)) > Math.abs(step) * 1e-6) decimals += 1;
    return decimals;
  };

  // Labels of an axis' ticks, in one unit: 1.5M, 200k, 40%.
  const tickTexts = (ticks, format) => {
    const sizes = ticks.map(Math.abs).filter((size) => size > 0);
    const largest = Math.max(0, ...sizes);
    if (format !== "percent" && largest > 0 && (largest < 1e-4 || largest >= 1e16)) return ticks.map((t) => t === 0 ? "0" : t.toExponential(1));
    const [unit, suffix] = format === "percent" ? [0.01, "%"]
      : [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e4, "k"]].find(([limit]) => largest >= limit) || [1, ""];
    const divisor = suffix === "k" ? 1e3 : unit;
    const decimals = Math.max(0, ...ticks.map((tick) => decimalsOf(tick / divisor)));
    return ticks.map((tick) => tick === 0 ? "0" : separated((tick / divisor).toFixed(decimals)) + suffix);
  };

  // The middle of a name below the plot, so that none of it is cut off at the sides.
  const within = (at, name, width) => Math.max(3.5 * name.length + 1, Math.min(width - 3.5 * name.length - 1, at));

  // Round numbers between low and high, about count of them.
  const linearTicks = (low, high, count) => {
    const ticksBy = (raw) => {
      const power = 10 ** Math.floor(Math.log10(raw));
      const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
      const ticks = [];
      for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) ticks.push(+(i * step).toPrecision(12));
      return ticks;
    };
    const ticks = ticksBy((high - low) / count);
    // One label is no scale.
    return ticks.length > 1 ? ticks : ticksBy((high - low) / count / 2);
  };

  // Round numbers for a logarithmic axis: 1, 2, 5 times powers of ten, or linear ones inside one decade.
  const logTicks = (low, high, count) => {
    const decades = Math.log10(high / low);
    if (decades < 1) return linearTicks(low, high, count).filter((tick) => tick > 0);
    const stride = Math.ceil(decades / count), mantissas = decades < count / 2.5 ? [1, 2, 5] : [1], ticks = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e += 1) {
      if (e % stride) continue;
      for (const m of mantissas) if (m * 10 ** e >= low && m * 10 ** e <= high) ticks.push(+(m * 10 ** e).toPrecision(12));
    }
    return ticks;
  };

  // Calendar ticks (milliseconds and label), about count of them: whole minutes to years, UTC.
  const timeTicks = (low, high, count) => {
    const wanted = (high - low) / count, ticks = [];
    const fixed = [1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10080, 20160].map((m) => m * MINUTE).find((s) => s >= wanted);
    if (fixed) {
      const shift = fixed >= 7 * DAY ? 4 * DAY : 0; // 1970-01-05 was a Monday
      for (let t = Math.ceil((low - shift) / fixed) * fixed + shift; t <= high; t += fixed) {
        ticks.push([t, t % DAY === 0 ? isoTime(t).slice(5, 10) : isoTime(t).slice(11, 16)]);
      }
      if (ticks.length) ticks[0][1] = isoTime(ticks[0][0]);
      return ticks;
    }
    const months = [1, 3, 6, 12, 24, 60, 120, 240, 600].find((m) => m * 30.4 * DAY >= wanted) || 1200;
    const year = new Date(low).getUTCFullYear();
    for (let m = months >= 12 ? -(year % (months / 12)) * 12 : 0; ; m += months) {
      const t = Date.UTC(year, m, 1);
      if (t > high) return ticks;
      if (t >= low) ticks.push([t, months >= 12 ? isoTime(t).slice(0, 4) : isoTime(t).slice(0, 7)]);
    }
  };

  // Lowest and highest of what is shown, with some air; zero is inside where the mark stands on it.
  const valueSpan = (series, isLog) => {
    let low = Infinity, high = -Infinity;
    for (const one of series) {
      for (const values of [one.values, one.base || []]) {
        for (const value of values) if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); }
      }
    }
    if (low > high) return [0, 1];
    if (isLog) return low === high ? [low / 1.1, high * 1.1] : [low / (high / low) ** 0.04, high * (high / low) ** 0.04];
    const onZero = series.some((one) => one.mark === "area" || one.mark === "stem" || one.mark === "stack");
    if (onZero) { low = Math.min(low, 0); high = Math.max(high, 0); }
    if (low === high) { const air = Math.abs(low) * 0.05 || 1; return [low - air, high + air]; }
    const air = (high - low) * 0.05;
    return [onZero && low === 0 ? 0 : low - air, onZero && high === 0 ? 0 : high + air];
  };

  // Runs of neighbouring points that have values, as lists of positions.
  const runs = (values) => {
    const out = [];
    values.forEach((value, i) => {
      if (value === null) return;
      if (i === 0 || values[i - 1] === null) out.push([]);
      out[out.length - 1].push(i);
    });
    return out;
  };

  // Series that are stacked, with the edges they lie between: gains upwards from zero, losses downwards.
  const stackUp = (series) => {
    const ups = [], downs = [];
    return series.map((one) => {
      if (one.mark !== "stack") return one;
      const edges = one.values.map((value, i) => {
        const side = value < 0 ? downs : ups, base = side[i] || 0;
        side[i] = base + (value || 0);
        return [base, side[i]];
      });
      return { ...one, edges, values: edges.map((edge) => edge[1]) };
    });
  };

  // The SVG of a stacked series: steps along its outer edge and back along its inner one.
  const stackSvg = (one, colour, x, y) => {
    let there = "", back = "";
    one.edges.forEach(([base, top], i) => {
      const left = x[i].toFixed(1), right = x[Math.min(i + 1, x.length - 1)].toFixed(1);
      there += `${i ? "L" : "M"}${left} ${y(top).toFixed(1)}H${right}`;
      back = `L${right} ${y(base).toFixed(1)}H${left}` + back;
    });
    return `<path class="stack c${colour}" d="${there}${back}Z"/>`;
  };

  // The SVG of one series.
  const seriesSvg = (one, colour, x, y, stemWidth) => {
    const dense = one.values.length > x[x.length - 1] - x[0] ? ' style="stroke-width:1"' : "";
    const at = (i) => x[i].toFixed(1) + " " + y(one.values[i]).toFixed(1);
    const zero = y(0);
    if (one.mark === "stack") return stackSvg(one, colour, x, y);
    if (one.mark === "band") {
      const both = one.values.map((value, i) => one.base[i] === null ? null : value);
      const edge = (run, values) => run.map((i) => x[i].toFixed(1) + " " + y(values[i]).toFixed(1));
      return runs(both).map((run) => `<path class="fill c${colour}" d="M${edge(run, both).join("L")}L${edge(run, one.base).reverse().join("L")}Z"/>`).join("");
    }
    if (one.mark === "stem") {
      const stems = runs(one.values).flat().map((i) => `M${x[i].toFixed(1)} ${zero.toFixed(1)}V${y(one.values[i]).toFixed(1)}`);
      return `<path class="curve c${colour}" style="stroke-linecap:butt;stroke-width:${stemWidth}" d="${stems.join("")}"/>`;
    }
    const parts = runs(one.values);
    const step = (i) => `H${x[i].toFixed(1)}V${y(one.values[i]).toFixed(1)}`;
    const path = (run) => one.mark === "step" ? at(run[0]) + run.slice(1).map(step).join("") : run.map(at).join("L");
    const line = parts.map((run) => "M" + path(run) + (run.length === 1 ? "h0" : "")).join("");
    const fill = one.mark !== "area" ? "" : parts.map((run) =>
      `M${x[run[0]].toFixed(1)} ${zero.toFixed(1)}L${run.map(at).join("L")}L${x[run[run.length - 1]].toFixed(1)} ${zero.toFixed(1)}Z`).join("");
    return (fill && `<path class="fill c${colour}" d="${fill}"/>`) + `<path class="curve c${colour}"${dense} d="${line}"/>`;
  };

  // Bars by category with error bars, or points in a plane.
  const plane = (plot, data) => {
    const isBars = data.categories.length > 0, n = isBars ? data.categories.length : data.x.length;
    const finite = (list) => list.filter((value) => value !== null);
    let drawnWidth = 0;
    const draw = () => {
      const width = plot.clientWidth, height = plot.clientHeight;
      if (width < 40) return;
      drawnWidth = width;
      const values = finite(data.groups.flatMap((group) => [...group.values, ...group.low, ...group.high]));
      if (isBars) values.push(0);
      let low = Math.min(...values), high = Math.max(...values);
      if (low === high) high = low + 1;
      const air = (high - low) * 0.06;
      if (low < 0 || !isBars) low -= air;
      high += air;
      const ticks = linearTicks(low, high, Math.max(2, Math.floor(height / 50))), texts = tickTexts(ticks, data.format);
      const left = 12 + 6.6 * Math.max(3, ...texts.map((text) => text.length)), right = width - 10, top = 8, bottom = height - 24;
      const y = (value) => bottom - (value - low) / (high - low) * (bottom - top);
      let svg = "";
      ticks.forEach((tick, i) => {
        const at = Math.round(y(tick)) + 0.5;
        svg += `<path class="${tick === 0 ? "zero" : "grid"}" d="M${left} ${at}H${right}"/><text x="${left - 6}" y="${at + 4}" text-anchor="end">${texts[i]}</text>`;
      });
      const places = [];
      if (isBars) {
        const step = (right - left) / n, bar = step * 0.8 / data.groups.length;
        const stride = Math.ceil(Math.max(1, ...data.categories.map((name) => name.length * 7 + 8)) / step);
        for (let i = 0; i < n; i += 1) places.push(left + step * (i + 0.5));
        data.groups.forEach((group, g) => group.values.forEach((value, i) => {
          if (value === null) return;
          const x = left + step * i + step * 0.1 + bar * g, from = Math.min(y(0), y(value));
          svg += `<rect class="bar c${g % N_COLOURS}" x="${x.toFixed(1)}" y="${from.toFixed(1)}" width="${Math.max(1, bar - 1).toFixed(1)}" height="${Math.max(0.5, Math.abs(y(value) - y(0))).toFixed(1)}"/>`;
          const lower = group.low[i], upper = group.high[i];
          if (lower !== undefined && lower !== null && upper !== null) {
            const middle = (x + bar / 2).toFixed(1);
            svg += `<path class="error" d="M${middle} ${y(lower).toFixed(1)}V${y(upper).toFixed(1)}"/>`;
          }
        }));
        svg += data.categories.map((name, i) => i % stride === 0 ? `<text x="${within(places[i], name, width).toFixed(1)}" y="${height - 6}" text-anchor="middle" data-i="${i}"></text>` : "").join("");
      } else {
        const xs = finite(data.x), first = Math.min(...xs), last = Math.max(...xs), span = last - first || 1;
        const x = (value) => left + 6 + (value - first) / span * (right - left - 12);
        linearTicks(first, last || 1, Math.max(2, Math.floor((right - left) / 80))).forEach((tick, i, all) => {
          svg += `<text x="${x(tick).toFixed(1)}" y="${height - 6}" text-anchor="middle">${tickTexts(all, "number")[i]}</text>`;
        });
        data.x.forEach((value) => places.push(x(value)));
        if (data.diagonal) {
          const from = Math.max(first, low), to = Math.min(last, high);
          if (from < to) svg += `<path class="zero" d="M${x(from)} ${y(from)}L${x(to)} ${y(to)}"/>`;
        }
        data.groups.forEach((group, g) => {
          if (!data.joined) return;
          group.low.forEach((lower, i) => {
            const beside = (places[i] + (g - (data.groups.length - 1) / 2) * 2).toFixed(1);
            if (lower !== null && group.high[i] !== null) svg += `<path class="error thin c${g % N_COLOURS}" d="M${beside} ${y(lower).toFixed(1)}V${y(group.high[i]).toFixed(1)}"/>`;
          });
          const line = runs(group.values).map((run) => "M" + run.map((i) => places[i].toFixed(1) + " " + y(group.values[i]).toFixed(1)).join("L")).join("");
          svg += `<path class="curve c${g % N_COLOURS}" d="${line}"/>`;
        });
        data.groups.forEach((group, g) => group.values.forEach((value, i) => {
          if (value !== null) svg += `<circle class="dot c${g % N_COLOURS}" cx="${places[i].toFixed(1)}" cy="${y(value).toFixed(1)}" r="3"/>`;
        }));
      }
      plot.innerHTML = `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${svg}<g class="hover"></g></svg><div class="tip" hidden></div>`;
      plot.querySelectorAll("text[data-i]").forEach((text) => { text.textContent = data.categories[+text.dataset.i]; });
      plot.places = places;
    };
    const hide = () => { const tip = plot.querySelector(".tip"); if (tip) tip.hidden = true; };
    const show = (event) => {
      if (!plot.places) return;
      const px = event.clientX - plot.getBoundingClientRect().left;
      let at = 0;
      plot.places.forEach((place, i) => { if (Math.abs(place - px) < Math.abs(plot.places[at] - px)) at = i; });
      const tip = plot.querySelector(".tip"), head = document.createElement("b");
      head.textContent = isBars ? data.categories[at] : data.xName + " " + exactText(data.x[at], "number");
      tip.replaceChildren(head);
      data.groups.forEach((group, g) => {
        const row = document.createElement("div"), name = document.createElement("span"), text = document.createElement("b");
        name.className = "key c" + g % N_COLOURS;
        name.textContent = group.name;
        text.textContent = group.values[at] === null ? "none" : exactText(group.values[at], data.format);
        row.append(name, text);
        tip.append(row);
      });
      tip.hidden = false;
      const beyond = plot.places[at] + 14 + tip.offsetWidth > plot.clientWidth;
      tip.style.left = Math.max(0, beyond ? plot.places[at] - 14 - tip.offsetWidth : plot.places[at] + 14) + "px";
    };
    plot.addEventListener("pointermove", show);
    plot.addEventListener("pointerdown", show);
    plot.addEventListener("pointerleave", hide);
    new ResizeObserver(() => { if (plot.clientWidth !== drawnWidth) draw(); }).observe(plot);
    draw();
  };

  // Outlines of distributions side by side, with their quartiles.
  const violins = (plot, data) => {
    const list = data.violins;
    let drawnWidth = 0;
    const draw = () => {
      const width = plot.clientWidth, height = plot.clientHeight;
      if (width < 40) return;
      drawnWidth = width;
      let low = Math.min(0, ...list.map((one) => one.ends[0])), high = Math.max(0, ...list.map((one) => one.ends[1]));
      if (low === high) high = low + 1;
      const ticks = linearTicks(low, high, Math.max(2, Math.floor(height / 50))), texts = tickTexts(ticks, data.format);
      const left = 12 + 6.6 * Math.max(3, ...texts.map((text) => text.length)), right = width - 10, top = 8, bottom = height - 24;
      const y = (value) => bottom - (value - low) / (high - low) * (bottom - top);
      const step = (right - left) / list.length, stride = Math.ceil(Math.max(...list.map((one) => one.name.length * 7 + 8)) / step);
      let svg = "";
      ticks.forEach((tick, i) => {
        const at = Math.round(y(tick)) + 0.5;
        svg += `<path class="${tick === 0 ? "zero" : "grid"}" d="M${left} ${at}H${right}"/><text x="${left - 6}" y="${at + 4}" text-anchor="end">${texts[i]}</text>`;
      });
      list.forEach((one, i) => {
        const middle = left + step * (i + 0.5), largest = Math.max(...one.shares) || 1, bin = (one.ends[1] - one.ends[0]) / one.shares.length;
        const edge = (sign) => one.shares.map((share, at) =>
          (middle + sign * step * 0.44 * share / largest).toFixed(1) + " " + y(one.ends[0] + bin * (at + 0.5)).toFixed(1));
        svg += `<path class="violin c${i % N_COLOURS}" d="M${edge(-1).join("L")}L${edge(1).reverse().join("L")}Z"/>`
          + `<path class="error" d="M${middle.toFixed(1)} ${y(one.quartiles[0]).toFixed(1)}V${y(one.quartiles[2]).toFixed(1)}"/>`
          + `<circle class="dot c${i % N_COLOURS}" cx="${middle.toFixed(1)}" cy="${y(one.quartiles[1]).toFixed(1)}" r="4"/>`;
        if (i % stride === 0) svg += `<text x="${within(middle, one.name, width).toFixed(1)}" y="${height - 6}" text-anchor="middle" data-i="${i}"></text>`;
      });
      plot.innerHTML = `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${svg}</svg><div class="tip" hidden></div>`;
      plot.querySelectorAll("text[data-i]").forEach((text) => { text.textContent = list[+text.dataset.i].name; });
      plot.places = [left, step];
    };
    const show = (event) => {
      if (!plot.places) return;
      const [left, step] = plot.places, px = event.clientX - plot.getBoundingClientRect().left;
      const at = Math.min(list.length - 1, Math.max(0, Math.floor((px - left) / step)));
      const tip = plot.querySelector(".tip"), head = document.createElement("b");
      head.textContent = list[at].name;
      tip.replaceChildren(head);
      ["a quarter below", "half below", "three quarters below"].forEach((label, i) => {
        const row = document.createElement("div"), name = document.createElement("span"), text = document.createElement("b");
        name.textContent = label;
        text.textContent = exactText(list[at].quartiles[i], data.format);
        row.append(name, text);
        tip.append(row);
      });
      tip.hidden = false;
      const middle = left + step * (at + 0.5), beyond = middle + 14 + tip.offsetWidth > plot.clientWidth;
      tip.style.left = Math.max(0, beyond ? middle - 14 - tip.offsetWidth : middle + 14) + "px";
    };
    plot.addEventListener("pointermove", show);
    plot.addEventListener("pointerdown", show);
    plot.addEventListener("pointerleave", () => { const tip = plot.querySelector(".tip"); if (tip) tip.hidden = true; });
    new ResizeObserver(() => { if (plot.clientWidth !== drawnWidth) draw(); }).observe(plot);
    draw();
  };

  // One chart: reads its data once, draws on demand.
  const chart = (figure) => {
    const plot = figure.querySelector(".plot"), source = figure.querySelector("script[type='application/json']");
    if (!plot || !source) return;
    const data = JSON.parse(source.textContent);
    if (data.groups) return plane(plot, data);
    if (data.violins) return violins(plot, data);
    let micros = data.first;
    const times = data.times.map((steps) => (micros += steps * data.step) / 1000);
    const shown = data.series.map(() => true);
    let isLog = false, drawn = null, drawnWidth = 0;

    // The series that are switched on, with their colours.
    const visible = () => stackUp(data.series.map((one, i) => ({ ...one, i })).filter((one) => shown[one.i]));

    const draw = () => {
      const width = plot.clientWidth, height = plot.clientHeight;
      if (width < 40) return;
      drawnWidth = width;
      const seen = visible();
      const [low, high] = valueSpan(seen, isLog);
      const ticks = (isLog ? logTicks : linearTicks)(low, high, Math.max(2, Math.floor(height / 50)));
      const texts = tickTexts(ticks, data.format);
      const left = 12 + 6.6 * Math.max(3, ...texts.map((text) => text.length)), right = width - 10, top = 8, bottom = height - 22;
      const scale = isLog ? Math.log : (value) => value;
      const y = (value) => bottom - (scale(value) - scale(low)) / (scale(high) - scale(low)) * (bottom - top);
      const first = times[0], last = times[times.length - 1], span = last - first;
      const stemWidth = Math.max(1, Math.min(10, (right - left) / times.length * 0.6));
      const inset = seen.some((one) => one.mark === "stem") ? stemWidth : 0;
      const x = times.map((time) => span === 0 ? (left + right) / 2 : left + inset + (time - first) / span * (right - left - 2 * inset));
      let svg = "";
      ticks.forEach((tick, i) => {
        const at = Math.round(y(tick)) + 0.5;
        svg += `<path class="${tick === 0 ? "zero" : "grid"}" d="M${left} ${at}H${right}"/>`
          + `<text x="${left - 6}" y="${at + 4}" text-anchor="end">${texts[i]}</text>`;
      });
      const dates = span === 0 ? [[first, isoTime(first)]] : timeTicks(first, last, Math.max(2, Math.floor((right - left) / 95)));
      for (const [time, text] of dates) {
        const at = span === 0 ? x[0] : left + inset + (time - first) / span * (right - left - 2 * inset);
        const half = text.length * 3.3, middle = Math.min(Math.max(at, left + half - 6), right - half + 6);
        svg += `<path class="grid" d="M${Math.round(at) + 0.5} ${bottom}v4"/><text x="${middle.toFixed(1)}" y="${height - 6}" text-anchor="middle">${text}</text>`;
      }
      seen.forEach((one) => { svg += seriesSvg(one, one.i % N_COLOURS, x, y, stemWidth); });
      plot.innerHTML = `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${svg}<g class="hover"></g></svg><div class="tip" hidden></div>`;
      drawn = { x, y, seen, top, bottom, width, at: -1 };
    };

    const hide = () => {
      if (!drawn) return;
      drawn.at = -1;
      plot.querySelector(".hover").innerHTML = "";
      plot.querySelector(".tip").hidden = true;
    };

    // Crosshair and values at one position.
    const show = (at) => {
      drawn.at = at;
      const px = drawn.x[at].toFixed(1);
      let svg = `<path class="cross" d="M${px} ${drawn.top}V${drawn.bottom}"/>`;
      const tip = plot.querySelector(".tip"), head = document.createElement("b");
      head.textContent = isoTime(times[at]) + " UTC";
      tip.replaceChildren(head);
      drawn.seen.forEach((one) => {
        const i = one.i, value = data.series[i].values[at], row = document.createElement("div"), name = document.createElement("span"), text = document.createElement("b");
        name.className = "key c" + i % N_COLOURS;
        name.textContent = one.name;
        const base = data.series[i].base, from = base && base[at] !== null ? exactText(base[at], data.format) + " to " : "";
        text.textContent = value === null ? "none" : from + exactText(value, data.format);
        row.append(name, text);
        tip.append(row);
        if (value !== null) svg += `<circle class="dot c${i % N_COLOURS}" cx="${px}" cy="${drawn.y(one.values[at]).toFixed(1)}" r="4"/>`;
      });
      plot.querySelector(".hover").innerHTML = svg;
      tip.hidden = false;
      const beyond = drawn.x[at] + 14 + tip.offsetWidth > drawn.width;
      tip.style.left = Math.max(0, beyond ? drawn.x[at] - 14 - tip.offsetWidth : drawn.x[at] + 14) + "px";
    };

    // The position whose drawn point is nearest to a pixel.
    const nearest = (px) => {
      let low = 0, high = times.length - 1;
      while (low < high) { const middle = (low + high) >> 1; if (drawn.x[middle] < px) low = middle + 1; else high = middle; }
      return low > 0 && px - drawn.x[low - 1] < drawn.x[low] - px ? low - 1 : low;
    };

    const point = (event) => { if (drawn) show(nearest(event.clientX - plot.getBoundingClientRect().left)); };
    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!move || !drawn) return;
      event.preventDefault();
      show(Math.min(times.length - 1, Math.max(0, (drawn.at < 0 ? times.length : drawn.at) + move * (event.shiftKey ? 20 : 1))));
    });
    figure.querySelectorAll("button[data-series]").forEach((button) => button.addEventListener("click", () => {
      const i = +button.dataset.series;
      shown[i] = !shown[i];
      button.setAttribute("aria-pressed", shown[i]);
      draw();
    }));
    const log = figure.querySelector(".log");
    if (log) log.addEventListener("click", () => { isLog = !isLog; log.setAttribute("aria-pressed", isLog); draw(); });
    new ResizeObserver(() => { if (plot.clientWidth !== drawnWidth) draw(); }).observe(plot);
    draw();
  };

  // Sorts a table by a column; a second click turns the order round; missing values stay last.
  const sortable = (table) => {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0], rows = [...body.rows];
    const key = (row, column) => {
      const cell = row.cells[column];
      return cell.dataset.v === undefined ? cell.textContent : cell.dataset.v === "" ? null : +cell.dataset.v;
    };
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const order = rows.filter((row) => row.cells.length === heads.length).sort((a, b) => {
        const [p, q] = [key(a, column), key(b, column)];
        if (p === null || q === null) return (p === null) - (q === null);
        return sign * (p < q ? -1 : p > q ? 1 : 0);
      });
      body.append(...order);
    }));
  };

  // What scrolls can be reached, and scrolled, by keys alone.
  const reachable = (box) => {
    const look = () => {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    };
    new ResizeObserver(look).observe(box);
  };

  document.querySelectorAll("figure.chart").forEach(chart);
  document.querySelectorAll(".scroll").forEach(reachable);
  document.querySelectorAll("table[data-sortable]").forEach(sortable);
})();
