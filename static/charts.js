// Charts: ECharts with the SVG renderer, colours from the stylesheet, data from a json_script element.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const charts = new Map();
  const PAPER = 640;

  const COLOURS = { "": "--wl-chart", sharp: "--wl-sharp", peak: "--wl-peak", flat: "--wl-flat", valley: "--wl-valley" };
  const SPARE = ["--wl-chart", "--wl-chart-2", "--wl-chart-3", "--wl-chart-4"];
  const MONEY = [...SPARE, "--wl-peak", "--wl-valley", "--wl-flat", "--wl-sharp"];
  const format = (value, digits) => new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: digits }).format(value);

  function usage(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    const last = data.months.length - 1;
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 44, right: 8, top: data.series.length > 1 ? 28 : 10, bottom: 24 },
      legend: { show: data.series.length > 1, top: 0, left: 0, itemWidth: 10, itemHeight: 10, textStyle: { color: text, fontSize: 12 } },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true,
        formatter: (points) => {
          const place = points[0].dataIndex;
          const lines = [data.months[place] + (data.estimated[place] ? ` (${data.words.estimated})` : "")];
          points.forEach((point) => { if (point.value != null) lines.push(`${point.seriesName}: ${format(point.value, 1)} kWh`); });
          if (data.amounts[place] != null) lines.push(`${data.words.billed}: ¥${format(data.amounts[place] / 100, 2)}`);
          return lines.join("\n");
        },
      },
      xAxis: {
        type: "category", data: data.starts, axisTick: { show: false }, axisLine: { lineStyle: { color: line } },
        axisLabel: { color: text, fontSize: 11, interval: 0, formatter: (start, place) => (place === 0 || start.slice(5, 7) === "01" ? `${Number(start.slice(5, 7))}\n${start.slice(0, 4)}` : String(Number(start.slice(5, 7)))) },
      },
      yAxis: { type: "value", axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value, 1) }, splitLine: { lineStyle: { color: line } } },
      series: data.series.map((one, index) => ({
        name: one.name, type: "bar", stack: "kwh", barMaxWidth: 26,
        itemStyle: { color: colour(COLOURS[one.code] ?? SPARE[index % SPARE.length]) },
        data: one.values.map((value, place) => ({
          value: value == null ? null : value / 1000,
          itemStyle: data.estimated[place] ? { opacity: 0.45 } : place === last ? { opacity: 1 } : {},
        })),
      })),
    };
  }

  // Scores from -100 to 100 by month, one line a segment; months without answers are gaps.
  function scores(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 44, right: 12, top: 34, bottom: 28 },
      legend: { type: "scroll", top: 0, left: 0, itemWidth: 14, itemHeight: 10, textStyle: { color: text, fontSize: 12 } },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true },
      xAxis: { type: "category", data: data.names, axisTick: { show: false }, axisLine: { onZero: false, lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11 } },
      yAxis: { type: "value", min: -100, max: 100, axisLabel: { color: text, fontSize: 11 }, splitLine: { lineStyle: { color: line } } },
      series: data.series.map((one, index) => ({
        name: one.name, type: "line", symbolSize: 7, data: one.values,
        lineStyle: { color: colour(MONEY[index % MONEY.length]) }, itemStyle: { color: colour(MONEY[index % MONEY.length]) },
      })),
    };
  }

  // How many accounts changed by how much: the calm step in a quiet colour, the others by their side.
  function spread(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    const isNarrow = innerWidth < 600;
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 48, right: 8, top: 14, bottom: isNarrow ? 78 : 28 },
      tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true, formatter: (points) => `${points[0].name}\n${data.word}: ${format(points[0].value, 0)}` },
      xAxis: { type: "category", data: data.names, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11, interval: 0, rotate: isNarrow ? 60 : 0 } },
      yAxis: { type: "value", minInterval: 1, axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value, 0) }, splitLine: { lineStyle: { color: line } } },
      series: [{
        type: "bar", barMaxWidth: 56,
        label: { show: true, position: "top", color: text, fontSize: 11, formatter: (point) => (point.value ? format(point.value, 0) : "") },
        data: data.counts.map((value, place) => ({ value, itemStyle: { color: colour(place < data.calm ? "--wl-chart-3" : place > data.calm ? "--wl-chart-2" : "--wl-chart-past") } })),
      }],
    };
  }

  // Supplies by the size of their change: who pays less on the left, who pays more on the right.
  function bins(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    const sides = [colour("--wl-valley"), colour("--wl-flat"), colour("--wl-peak")];
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 52, right: 8, top: 10, bottom: 44 },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true,
        formatter: ([point]) => `${data.spans[point.dataIndex]}\n${format(point.value, 0)} ${data.words.supplies}`,
      },
      xAxis: { type: "category", data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11, interval: 0, rotate: 45 } },
      yAxis: { type: "value", minInterval: 1, axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value, 0) }, splitLine: { lineStyle: { color: line } } },
      series: [{
        type: "bar", barCategoryGap: "8%",
        data: data.values.map((value, place) => ({ value, itemStyle: { color: sides[Math.sign(place - data.middle) + 1] } })),
      }],
    };
  }

  // Two amounts for each place of the axis, in minor units; where a unit is named, in thousandths of it, from a least one on.
  function pair(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    const unit = data.words.unit;
    const said = (value) => (value == null ? "–" : unit ? `${format(value / 1000, 3)} ${unit}` : `${data.words.symbol}${format(value / 100, 2)}`);
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 64, right: 8, top: 28, bottom: 24 },
      legend: { top: 0, left: 0, itemWidth: 10, itemHeight: 10, textStyle: { color: text, fontSize: 12 } },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true,
        formatter: (points) => [data.labels[points[0].dataIndex], ...points.map((point) => `${point.seriesName}: ${said(point.value)}`)].join("\n"),
      },
      xAxis: { type: "category", data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11 } },
      yAxis: { type: "value", min: data.least, axisLabel: { color: text, fontSize: 11, formatter: (value) => (unit ? format(value / 1000, 1) : format(value / 100, 0)) }, splitLine: { lineStyle: { color: line } } },
      series: ["old", "new"].map((name, index) => ({
        name: data.words[name], type: "bar", barMaxWidth: 22, data: data[name], itemStyle: { color: colour(["--wl-chart-past", "--wl-chart"][index]) },
      })),
    };
  }

  // What is not told of a bar: hatched, of a height that says nothing; its names are in the hint and in the table.
  function hidden(data) {
    const names = data.labels.map((_label, place) => data.series.filter((one) => one.values[place] === null).map((one) => one.name));
    if (!data.hidden || !names.some((one) => one.length)) return null;
    const line = colour("--tblr-secondary");
    return {
      names,
      series: {
        name: data.words.hidden, type: "bar", stack: "amount", barMaxWidth: 44, data: names.map((one, place) => (one.length ? data.hidden[place] : null)),
        itemStyle: { color: "transparent", borderColor: line, borderType: "dashed", decal: { symbol: "rect", color: line, dashArrayX: [1, 0], dashArrayY: [1, 5], rotation: Math.PI / 4 } },
      },
    };
  }

  // Amounts in minor units, one series upon the other.
  function sums(data) {
    const text = colour("--tblr-secondary");
    const untold = hidden(data);
    const line = colour("--wl-line");
    const money = (minor) => `${data.words.symbol}${format(minor / 100, 2)}`;
    const isMany = data.series.length > 1 || untold !== null;
    const hints = (place) => (untold ? untold.names[place].map((name) => `${name}: ${data.words.hidden}`) : []);
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 64, right: 8, top: isMany ? 30 : 12, bottom: 26 },
      legend: { show: isMany, type: "scroll", top: 0, left: 0, itemWidth: 10, itemHeight: 10, textStyle: { color: text, fontSize: 12 } },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true,
        formatter: (points) => [data.labels[points[0].dataIndex], ...points.filter((point) => (point.value || !isMany) && point.seriesIndex < data.series.length).map((point) => `${isMany ? `${point.seriesName}: ` : ""}${money(point.value)}`), ...hints(points[0].dataIndex)].join("\n"),
      },
      xAxis: { type: "category", data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11, hideOverlap: true } },
      yAxis: { type: "value", axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value / 100, 0) }, splitLine: { lineStyle: { color: line } } },
      series: [...data.series.map((one, index) => ({
        name: one.name, type: "bar", stack: "amount", barMaxWidth: 44, data: one.values,
        itemStyle: { color: colour(MONEY[index % MONEY.length]), opacity: index < MONEY.length ? 1 : 0.55 },
      })), ...(untold ? [untold.series] : [])],
    };
  }

  // What is paid of a schedule: price or rent, and the interest on top of it, in minor units.
  function schedule(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    const money = (minor) => `${data.words.symbol}${format(minor / 100, 2)}`;
    const names = data.interest.some(Boolean) ? ["principal", "interest"] : ["principal"];
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 64, right: 8, top: names.length > 1 ? 28 : 10, bottom: 24 },
      legend: { show: names.length > 1, top: 0, left: 0, itemWidth: 10, itemHeight: 10, textStyle: { color: text, fontSize: 12 } },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true,
        formatter: (points) => [data.labels[points[0].dataIndex], ...points.map((point) => `${point.seriesName}: ${money(point.value)}`)].join("\n"),
      },
      xAxis: { type: "category", data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11, hideOverlap: true } },
      yAxis: { type: "value", axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value / 100, 0) }, splitLine: { lineStyle: { color: line } } },
      series: names.map((name, index) => ({
        name: data.words[name], type: "bar", stack: "amount", barMaxWidth: 26, data: data[name],
        itemStyle: { color: colour(["--wl-chart", "--wl-chart-2"][index]) },
      })),
    };
  }

  // What was used and what was asked for in its place, by month, and the balance between them; in minor units.
  function budget(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    const money = (minor) => `${minor < 0 ? "−" : ""}${data.words.symbol}${format(Math.abs(minor) / 100, 2)}`;
    const names = ["used", "level", "balance"];
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 56, right: 8, top: 38, bottom: 34 },
      legend: { top: 0, left: 0, itemWidth: 10, itemHeight: 10, textStyle: { color: text, fontSize: 12 } },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true,
        formatter: (points) => [data.labels[points[0].dataIndex], ...points.map((point) => `${point.seriesName}: ${money(point.value)}`)].join("\n"),
      },
      xAxis: {
        type: "category", data: data.starts, axisTick: { show: false }, axisLine: { lineStyle: { color: line } },
        axisLabel: { color: text, fontSize: 11, hideOverlap: true, formatter: (start, place) => (place === 0 || start.slice(5, 7) === "01" ? `${Number(start.slice(5, 7))}\n${start.slice(0, 4)}` : String(Number(start.slice(5, 7)))) },
      },
      yAxis: { type: "value", axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value / 100, 0) }, splitLine: { lineStyle: { color: line } } },
      series: names.map((name, index) => ({
        name: data.words[name], data: data[name],
        ...(name === "balance"
          ? { type: "line", symbolSize: 6, lineStyle: { color: colour("--wl-peak"), width: 2 }, itemStyle: { color: colour("--wl-peak") } }
          : { type: "bar", barMaxWidth: 20, itemStyle: { color: colour(["--wl-chart-past", "--wl-chart"][index]) } }),
      })),
    };
  }

  // The share in time by month as bars, and under it the median; a month in which nothing was due has neither.
  function share(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    const tone = (percent) => colour(percent < 90 ? "--wl-bad" : percent < 100 ? "--wl-chart-2" : "--wl-chart");
    const axis = { type: "category", data: data.starts, axisTick: { show: false }, axisLine: { lineStyle: { color: line } } };
    const months = (start, place) => ((place === 0 && start.slice(5, 7) < "11") || start.slice(5, 7) === "01" ? `${Number(start.slice(5, 7))}\n${start.slice(0, 4)}` : String(Number(start.slice(5, 7))));
    const label = { color: text, fontSize: 11 };
    return {
      animation: false,
      aria: { enabled: true },
      grid: [{ left: 40, right: 8, top: 22, height: "40%" }, { left: 40, right: 8, bottom: 34, height: "22%" }],
      title: ["share", "median"].map((name, place) => ({
        text: name === "share" ? `${data.words.share} (%)` : `${data.words.median} (${data.words.unit})`,
        left: 0, top: place ? "58%" : 0, textStyle: { color: text, fontSize: 11, fontWeight: "normal" },
      })),
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true,
        formatter: (points) => {
          const place = points[0].dataIndex;
          if (data.percent[place] == null) return `${data.labels[place]}\n${data.words.nothing}`;
          const lines = [data.labels[place], `${data.words.share}: ${data.percent[place]} % (${data.in_time[place]}/${data.due[place]})`];
          if (data.median[place] != null) lines.push(`${data.words.median}: ${format(data.median[place] / 100, 2)} ${data.words.unit}`);
          return lines.join("\n");
        },
      },
      xAxis: [{ ...axis, gridIndex: 0, axisLabel: { show: false } }, { ...axis, gridIndex: 1, axisLabel: { ...label, interval: data.starts.length > 14 ? "auto" : 0, formatter: months } }],
      yAxis: [
        { type: "value", gridIndex: 0, min: 0, max: 100, interval: 50, axisLabel: label, splitLine: { lineStyle: { color: line } } },
        { type: "value", gridIndex: 1, min: 0, splitNumber: 2, axisLabel: { ...label, formatter: (value) => format(value, 1) }, splitLine: { lineStyle: { color: line } } },
      ],
      series: [
        { name: data.words.share, type: "bar", barMaxWidth: 22, data: data.percent.map((percent) => ({ value: percent, itemStyle: { color: tone(percent) } })) },
        { name: data.words.median, type: "line", xAxisIndex: 1, yAxisIndex: 1, symbolSize: 6, connectNulls: false, lineStyle: { color: colour("--wl-chart-3") }, itemStyle: { color: colour("--wl-chart-3") }, data: data.median.map((median) => (median == null ? null : median / 100)) },
      ],
    };
  }

  // Energy a day, span after span: the one that is meant in another colour, what was not measured pale.
  function past(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 56, right: 8, top: 14, bottom: 28 },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true,
        formatter: (points) => {
          const place = points[0].dataIndex;
          const notes = [data.meant[place] && data.words.meant, data.estimated[place] && data.words.estimated].filter(Boolean);
          const value = data.values[place];
          return `${data.labels[place]}${notes.length ? ` (${notes.join(", ")})` : ""}\n${value == null ? data.words.nothing : `${format(value / 1000, 3)} ${data.words.value}`}`;
        },
      },
      xAxis: { type: "category", data: data.labels, axisTick: { show: false }, axisLine: { onZero: false, lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11 } },
      yAxis: { type: "value", name: "", axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value, 3) }, splitLine: { lineStyle: { color: line } } },
      series: [{
        type: "bar", barMaxWidth: 30,
        data: data.values.map((value, place) => ({
          value: value == null ? null : value / 1000,
          itemStyle: { color: colour(data.meant[place] ? "--wl-bad" : "--wl-chart"), opacity: data.estimated[place] ? 0.45 : 1 },
        })),
      }],
    };
  }

  // A day that grows: the energy of each interval until now; what was not measured pale, what is not known a gap.
  function today(data, words) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 52, right: 8, top: 14, bottom: 26 },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true,
        formatter: ([point]) => {
          const value = data.values[point.dataIndex];
          return `${data.times[point.dataIndex]}${data.estimated[point.dataIndex] ? ` (${words.estimated})` : ""}\n${value == null ? words.nothing : `${format(value / 1000, 3)} ${words.unit}`}`;
        },
      },
      xAxis: { type: "category", data: data.times, axisTick: { show: false }, axisLine: { onZero: false, lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11, hideOverlap: true, interval: (_place, time) => time.endsWith("00") && Number(time.slice(0, 2)) % 3 === 0 } },
      yAxis: { type: "value", axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value, 3) }, splitLine: { lineStyle: { color: line } } },
      series: [{
        type: "bar", barCategoryGap: "10%",
        data: data.values.map((value, place) => ({ value: value == null ? null : value / 1000, itemStyle: { color: colour("--wl-chart"), opacity: data.estimated[place] ? 0.45 : 1 } })),
      }],
    };
  }

  // The load of a day that comes: its band, what a week ago says, and what was measured since; in W, shown as kW.
  function forecast(data) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    const told = (value) => (value == null ? data.words.nothing : `${format(value / 1000, 3)} kW`);
    const shown = (values) => values.map((value) => (value == null ? null : value / 1000));
    const rows = [["naive", "--wl-chart-past", "dashed"], ["values", "--wl-chart", "solid"], ["was", "--wl-peak", "solid"]].filter(([name]) => data[name]);
    const plain = { type: "line", stack: "band", symbol: "none", lineStyle: { opacity: 0 }, silent: true };
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 56, right: 8, top: 30, bottom: 26 },
      legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 10, textStyle: { color: text, fontSize: 12 }, data: [...rows.map(([name]) => data.words[name]), { name: data.words.band, icon: "rect", itemStyle: { opacity: 0.3 } }] },
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true,
        formatter: ([point]) => {
          const place = point.dataIndex;
          return [data.labels[place], ...rows.map(([name]) => `${data.words[name]}: ${told(data[name][place])}`), `${data.words.band}: ${format(data.low[place] / 1000, 3)} – ${format(data.high[place] / 1000, 3)} kW`].join("\n");
        },
      },
      xAxis: { type: "category", boundaryGap: false, data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11, interval: 2 } },
      yAxis: { type: "value", axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value, 3) }, splitLine: { lineStyle: { color: line } } },
      series: [
        { ...plain, name: "low", data: shown(data.low) },
        { ...plain, name: data.words.band, data: data.high.map((value, place) => (value - data.low[place]) / 1000), itemStyle: { color: colour("--wl-chart") }, areaStyle: { color: colour("--wl-chart"), opacity: 0.18 } },
        ...rows.map(([name, tone, kind]) => ({ name: data.words[name], type: "line", symbol: "none", data: shown(data[name]), lineStyle: { color: colour(tone), width: name === "naive" ? 1 : 2, type: kind }, itemStyle: { color: colour(tone) } })),
      ],
    };
  }

  // The mean hours of a working day and of a day off, one step an hour.
  function hours(data, words) {
    const text = colour("--tblr-secondary");
    const line = colour("--wl-line");
    const sides = [["working", "--wl-chart"], ["off", "--wl-chart-2"]].filter(([side]) => data[side].some((value) => value != null));
    return {
      animation: false,
      aria: { enabled: true },
      grid: { left: 48, right: 10, top: 30, bottom: 26 },
      legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 10, textStyle: { color: text, fontSize: 12 } },
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true,
        formatter: (points) => [data.times[points[0].dataIndex], ...points.map((point) => `${point.seriesName}: ${format(point.value, 3)} kWh`)].join("\n"),
      },
      xAxis: { type: "category", data: data.times, axisTick: { show: false }, axisLine: { onZero: false, lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11, interval: (place) => place % 3 === 0, hideOverlap: true } },
      yAxis: { type: "value", axisLabel: { color: text, fontSize: 11, formatter: (value) => format(value, 2) }, splitLine: { lineStyle: { color: line } } },
      series: sides.map(([side, tone], index) => ({
        name: words[side], type: "line", step: "middle", showSymbol: false, data: data[side].map((value) => (value == null ? null : value / 1000)),
        lineStyle: { color: colour(tone), width: 2, type: index ? "dashed" : "solid" }, itemStyle: { color: colour(tone) }, areaStyle: index ? undefined : { color: colour(tone), opacity: 0.12 },
      })),
    };
  }

  // The mean day of each month, the last one in full colour.
  function days(data, words) {
    const last = data.months.length - 1;
    const label = (start, place) => (place === 0 || start.slice(5, 7) === "01" ? `${Number(start.slice(5, 7))}\n${start.slice(0, 4)}` : String(Number(start.slice(5, 7))));
    const option = past({ labels: data.months, values: data.day_wh, estimated: [], meant: [], words: { value: words.unit, nothing: words.nothing } });
    Object.assign(option.xAxis.axisLabel, { interval: 0, formatter: label });
    option.grid.bottom = 34;
    option.series[0].data.forEach((bar, place) => { bar.itemStyle.color = colour(place === last ? "--wl-chart" : "--wl-chart-past"); });
    return option;
  }

  const KINDS = { usage, spread, bins, pair, schedule, share, sums, scores, budget, past, today, forecast, hours, days };

  // A legend takes as many lines as its names need; what is drawn begins below the last one.
  const pen = document.createElement("canvas").getContext("2d");
  function legendLines(names, width) {
    pen.font = "12px sans-serif";
    let lines = 1;
    let used = 0;
    names.forEach((name) => {
      const needed = pen.measureText(name).width + 28;
      if (used && used + needed > width) {
        lines += 1;
        used = 0;
      }
      used += needed;
    });
    return lines;
  }
  function belowLegend(option, width) {
    const { legend, grid, series } = option;
    if (legend && legend.show !== false && legend.type !== "scroll" && !Array.isArray(grid)) grid.top += 22 * (legendLines(series.map((one) => one.name), width) - 1);
    return option;
  }

  function draw(place) {
    const data = JSON.parse(document.getElementById(place.dataset.source).textContent);
    const chart = charts.get(place) ?? echarts.init(place, null, { renderer: "svg" });
    charts.set(place, chart);
    chart.setOption(belowLegend(KINDS[place.dataset.chart](data, place.dataset), place.clientWidth), true);
  }

  const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);
  drawAll();
  document.addEventListener("wattline:theme", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  // What was asked for again comes with new places for its charts; those of before are gone.
  document.addEventListener("htmx:afterSwap", () => {
    charts.forEach((chart, place) => { if (!place.isConnected) { chart.dispose(); charts.delete(place); } });
    drawAll();
  });
  const resizeAll = () => charts.forEach((chart, place) => { chart.resize(); draw(place); });
  addEventListener("resize", resizeAll);
  // A sheet of paper is narrower than the screen: what was drawn for the one would lose its end on the other.
  addEventListener("beforeprint", () => charts.forEach((chart, place) => { chart.resize({ width: Math.min(PAPER, place.clientWidth) }); draw(place); }));
  addEventListener("afterprint", resizeAll);
})();
