// Draws the figures of a page with Vega. Specifications come from charts-<language>.js, data lie in
// the figure itself. Without this script the page still says everything: in its tables.
(function () {
  "use strict";

  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const FAILED = {
    zh: "这张图没能画出来；同样的数字在页面的表里。",
    en: "This chart could not be drawn; the same figures stand in the tables of this page.",
  };

  const STYLE = `
    figure.chart .chart-canvas, figure.chart .chart-canvas > div { width: 100%; min-width: 0; }
    figure.chart .chart-canvas svg { max-width: 100%; height: auto; }
    figure.chart .chart-notes { margin: .25rem 0; padding-left: 1.2em; font-size: .9em; }
    #vg-tooltip-element.vg-tooltip {
      font: 13px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; color: #222; background: #fff;
      border: 1px solid #888; border-radius: 4px; max-width: min(30rem, 92vw); padding: 6px 10px;
    }
    #vg-tooltip-element.vg-tooltip table tr td { vertical-align: top; padding: 1px 4px; }
    #vg-tooltip-element.vg-tooltip table tr td.key {
      color: #555; max-width: none; text-align: left; white-space: nowrap;
    }
    #vg-tooltip-element.vg-tooltip table tr td.value {
      max-width: none; max-height: none; overflow-wrap: anywhere; text-align: left;
    }
    @media print { #vg-tooltip-element { display: none; } }`;

  function addStyle() {
    const style = document.createElement("style");
    style.textContent = STYLE;
    document.head.append(style);
  }

  // What the picture leaves out or shows apart, in sentences below it.
  function addNotes(canvas, notes) {
    if (!notes.length) return;
    const list = document.createElement("ul");
    list.className = "chart-notes";
    for (const note of notes) {
      const item = document.createElement("li");
      item.textContent = note;
      list.append(item);
    }
    canvas.after(list);
  }

  // One image with a name: Vega's own roles would have every mark read out without one.
  function stageOf(canvas, label) {
    const stage = document.createElement("div");
    stage.setAttribute("aria-hidden", "true");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    canvas.replaceChildren(stage);
    return stage;
  }

  function fail(canvas, error) {
    console.error(error);
    const sentence = document.createElement("p");
    sentence.className = "chart-failed";
    sentence.textContent = FAILED[language];
    canvas.removeAttribute("role");
    canvas.removeAttribute("aria-label");
    canvas.replaceChildren(sentence);
  }

  // Also when the window did not change: a folded part is opened, a page is laid out for printing.
  function followWidth(canvas, view) {
    let known = canvas.clientWidth;
    new ResizeObserver(() => {
      const width = canvas.clientWidth;
      if (width && width !== known) {
        known = width;
        view.signal("width", width).runAsync();
      }
    }).observe(canvas);
  }

  async function draw(figure) {
    const canvas = figure.querySelector(".chart-canvas");
    try {
      const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
      const [frame] = data.frame;
      const spec = {
        ...window.DUIBIAO_SPECS[figure.dataset.chart],
        datasets: data,
        height: frame.height,
      };
      const stage = stageOf(canvas, figure.dataset.label);
      const { view } = await window.vegaEmbed(stage, spec, {
        mode: "vega-lite",
        renderer: "svg",
        actions: false,
        loader: { target: "_self" },
        tooltip: { theme: "light" },
      });
      followWidth(canvas, view);
      addNotes(canvas, frame["notes_" + language]);
    } catch (error) {
      fail(canvas, error);
    }
  }

  addStyle();
  for (const figure of document.querySelectorAll("figure.chart")) draw(figure);
})();
