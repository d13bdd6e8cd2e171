"""Inspect the report page, and the report of Snakemake, in headless Chromium."""

import html
import json
import re
import shutil
import subprocess

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = [
    "--headless",
    "--no-sandbox",  # the page is trusted, and root in a container cannot use the sandbox
    "--disable-gpu",
    "--hide-scrollbars",
    "--enable-logging=stderr",  # includes the console
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=5000",
]
SCHEMES = {"dark": 0, "light": 1}
# Inserted into the head of the page. It blocks and records requests for external resources.
GUARD = """<meta http-equiv="Content-Security-Policy" content="default-src 'none';
  img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<script>
const requests = [];
addEventListener("securitypolicyviolation", event => requests.push(event.blockedURI));
</script>"""
# Runs in the page and sends its findings to the surrounding frame: first as it is opened and after
# scrolling, then with all folded content. A column is cut off if it is not completely visible
# before scrolling. The contrast of text and its
# background is that of WCAG 2: (lighter + 0.05) / (darker + 0.05) of the relative luminances.
PROBE = """
addEventListener("load", async () => {
  const parts = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = colour => parts(colour).slice(0, 3).map(part => linear(part / 255))
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = element => {
    const pair = [getComputedStyle(element).color, behind(element)].map(luminance);
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
  const tall = document.documentElement.scrollHeight;
  scrollTo(0, tall / 2);
  const contents = document.querySelector("nav")?.getBoundingClientRect();
  const reached = contents && contents.top >= 0 && contents.bottom <= innerHeight;
  document.querySelectorAll("details").forEach(part => part.open = true);
  const frame = () => new Promise(drawn => {
    requestAnimationFrame(drawn);
    setTimeout(drawn, 500);  // a page without changes might not be drawn again
  });
  await frame();
  await frame();
  const boxes = [...document.querySelectorAll(".scroll")];
  const cut = boxes.filter(box => [...box.querySelectorAll("tbody tr:first-child .number")]
    .slice(0, 1).some(cell =>
      cell.getBoundingClientRect().right > box.getBoundingClientRect().right + 0.5));
  const cue = box => parseFloat(getComputedStyle(box, "::after").fontSize) > 0;
  const uncued = boxes.filter(box => (box.scrollWidth > box.clientWidth) !== cue(box));
  const name = box => box.getAttribute("aria-labelledby") || box.getAttribute("aria-label");
  const worded = [...document.querySelectorAll("body *")].filter(element =>
    !["SCRIPT", "STYLE"].includes(element.tagName) &&
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  const faint = worded.map(element => [contrast(element), element.textContent.slice(0, 40)])
    .sort((a, b) => a[0] - b[0])[0];
  const column = document.querySelector("table.sortable thead button");
  const first = () => [...document.querySelectorAll("table.sortable")][0].tBodies[0].innerText;
  const sorted = [];
  for (let press = 0; column && press < 2; press++) { column.click(); sorted.push(first()); }
  parent.postMessage({
    images: [...document.images].map(image => [image.complete && image.naturalWidth, image.alt]),
    requests,
    wide: document.documentElement.scrollWidth, inside: innerWidth, faint, sorted,
    filters: [...document.images].map(image => getComputedStyle(image).filter),
    tall, reached, cut: cut.map(name), uncued: uncued.map(name),
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    text: document.body.innerText,
  }, "*");
});
"""
FRAME = """<!DOCTYPE html><meta charset="utf-8"><pre id="found"></pre>
<iframe width="{width}" height="900" style="border: 0" src="page.html"></iframe>
<script>addEventListener("message", event => {{
  document.getElementById("found").textContent = JSON.stringify(event.data);
}});</script>"""


# Runs in the report of Snakemake: opens each category and each result, and collects what is shown.
VIEWER = """
addEventListener("load", async () => {
  const pause = () => new Promise(resolve => setTimeout(resolve, 100));
  const lists = {}, shown = {};
  while (!app) await pause();
  for (const category of Object.keys(categories)) {
    app.showCategory(category);
    await pause();
    lists[category] = document.querySelector("#app").innerText;
    app.setView({navbarMode: "menu"});
    await pause();
  }
  for (const [path, result] of Object.entries(results)) {
    new ButtonViewManager(app).handleSelectedResult(path).props.onClick?.();
    for (let attempt = 0; attempt < 50 && !shown[path]; attempt++) {
      await pause();
      const [image, frame] = ["img", "iframe"].map(tag => document.querySelector(`.grow ${tag}`));
      const loaded = frame && frame.contentDocument.readyState === "complete";
      shown[path] = image ? image.naturalWidth : loaded ? frame.contentDocument.body.innerText : "";
    }
    app.setView({content: "text", contentText: ""});
    await pause();
  }
  document.body.innerHTML = '<pre id="found"></pre>';
  document.querySelector("#found").textContent = JSON.stringify({lists, shown});
});
"""


def look_at_snakemakes_report(report):
    """Open an unpacked report of Snakemake; return the texts of its categories and results."""
    text, end, rest = report.read_text().rpartition("</body>")  # scripts contain others
    page = report.with_name("probed.html")
    page.write_text(f"{text}<script>{VIEWER}</script>{end}{rest}")
    options = ["--allow-file-access-from-files", "--virtual-time-budget=120000"]
    command = [PROGRAM, *OPTIONS, *options, f"--user-data-dir={report.with_name('profile')}"]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120
    )
    found = re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr
    return json.loads(html.unescape(found[1]))


def look(page, folder, width, scheme):
    """Open HTML text in a frame of `width` pixels; return the findings of PROBE and the console."""
    probed = page.replace("<head>", f"<head>{GUARD}")
    probed = probed.replace("</body>", f"<script>{PROBE}</script></body>")
    (folder / "page.html").write_text(probed)
    (folder / "frame.html").write_text(FRAME.format(width=width))
    done = subprocess.run(
        [
            PROGRAM,
            *OPTIONS,
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            "--window-size=1400,1000",
            "--dump-dom",
            (folder / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])) | {"console": console}
