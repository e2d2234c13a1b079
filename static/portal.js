// Draws past use as bars; the numbers come in Wh from the page, the colours from its theme.
(() => {
  const place = document.getElementById("usage-chart");
  const data = document.getElementById("usage-data");
  if (!place || !data || !window.echarts) return;
  const use = JSON.parse(data.textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const kwh = (wh) => (wh / 1000).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let chart = null;

  function draw() {
    chart?.dispose();
    chart = echarts.init(place, null, { renderer: "svg" });
    const text = colour("--tblr-secondary");
    const last = use.energy_wh.length - 1;
    chart.setOption({
      animation: !isCalm,
      aria: { enabled: true, label: { description: `${place.dataset.words}: ${use.months.map((month, n) => (use.energy_wh[n] === null ? "" : `${month} ${kwh(use.energy_wh[n])}`)).filter(Boolean).join(", ")}` } },
      grid: { left: 4, right: 16, top: 18, bottom: 4, containLabel: true },
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" },
        formatter: ([bar]) => `${use.months[bar.dataIndex]}\n${bar.value === undefined || bar.value === null ? "–" : kwh(bar.value)} kWh${use.estimated[bar.dataIndex] ? ` · ${place.dataset.estimated}` : ""}`,
      },
      xAxis: { type: "category", data: use.short, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("--wl-line") } }, axisLabel: { color: text, hideOverlap: true } },
      yAxis: { type: "value", splitNumber: 3, axisLabel: { color: text, formatter: (value) => kwh(value) }, splitLine: { lineStyle: { color: colour("--wl-line") } } },
      series: [{
        type: "bar", barMaxWidth: 34, itemStyle: { borderRadius: [4, 4, 0, 0] },
        data: use.energy_wh.map((wh, n) => ({ value: wh, itemStyle: { color: colour(n === last ? "--wl-chart" : "--wl-chart-past") } })),
      }],
    });
  }

  draw();
  document.addEventListener("wattline:theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => chart?.resize()).observe(place);
})();
