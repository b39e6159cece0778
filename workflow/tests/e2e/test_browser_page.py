"""The browser page in a real browser, opened as a file and without a network."""

import pytest
from chromium import CHROMIUM, in_chromium
from made_page import LOCI, Made

# before all else of the page: what goes wrong is kept
LISTEN = """<script>
  const wrong = []
  console.error = console.warn = (...words) => wrong.push(words.join(" "))
  // at capture, where files that can't be loaded are told too
  addEventListener("error", (e) => wrong.push(e.message || e.target.outerHTML), true)
  addEventListener("unhandledrejection", (event) => wrong.push(String(event.reason)))
</script>"""
# after the page: look at each locus, and from close by, and tell
LOOK = """<script>
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  // more than background
  function isPainted(canvas) {
    if (!canvas || !canvas.width || !canvas.height) return false
    // a copy, as igv.js's own canvas is not made to be read often
    const copy = Object.assign(document.createElement("canvas"),
      {width: canvas.width, height: canvas.height})
    const context = copy.getContext("2d", {willReadFrequently: true})
    context.drawImage(canvas, 0, 0)
    const {data} = context.getImageData(0, 0, copy.width, copy.height)
    return new Set(new Uint32Array(data.buffer)).size > 1
  }

  async function look() {
    let drawn = {}
    for (let i = 0; i < 100; i++) {
      await pause(100)
      const views = browser ? browser.trackViews.filter((view) => view.track.name) : []
      drawn = Object.fromEntries(views.map((view) =>
        [view.track.name, isPainted(view.viewports[0].canvas)]))
      if (views.length && Object.values(drawn).every(Boolean)) break
    }
    const inside = document.getElementById("igv").shadowRoot
    return {
      drawn,
      labels: [...inside.querySelectorAll(".igv-track-label")].map((x) => x.textContent),
      pressed: [...document.querySelectorAll("[aria-pressed=true]")].map((x) => x.textContent),
      shown: browser.referenceFrameList[0].getLocusString().replaceAll(",", ""),
    }
  }

  async function tell() {
    const seen = []
    seen.push(await look())
    loci[1].button.click()
    await pause(2000)
    seen.push(await look())
    document.body.dispatchEvent(
      new KeyboardEvent("keydown", {key: "ArrowLeft", bubbles: true}))
    await pause(2000)
    close.click()
    await pause(1000)
    seen.push(await look())
    const made = document.createElement("pre")
    made.id = "told"
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name)
    made.textContent = JSON.stringify({seen, wrong, loaded})
    document.body.append(made)
  }
  tell().catch((error) => wrong.push(String(error)))
</script>"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    if not CHROMIUM:
        pytest.skip("chromium is missing")
    folder = tmp_path_factory.mktemp("page")
    made = Made(folder, ["EXP1", "EXP2"])
    page = made.page()
    return *in_chromium(page, folder, LISTEN, LOOK, "1400,1200", 60), [
        track.name for track in made.tracks()
    ]


def test_page_opens_offline_without_complaints(told):
    found, console, _ = told
    assert found["wrong"] == []
    assert console == []
    assert [url[:80] for url in found["loaded"] if not url.startswith(("data:", "blob:"))] == []


def test_all_tracks_are_drawn_at_every_locus(told):
    found, _, names = told
    assert len(names) == 2 * (1 + 3) + 1 + 2 + 6
    for view in found["seen"]:
        assert set(names) <= set(view["drawn"])
        assert [name for name, painted in view["drawn"].items() if not painted] == []
        assert set(names) <= set(view["labels"])


def test_buttons_and_arrow_keys_switch_the_locus_and_zoom(told):
    found, _, _ = told
    first, second, close = found["seen"]
    assert first["pressed"] == ["chr1:1,001-1,300", "whole window"]
    assert second["pressed"] == ["chr2:501-800", "whole window"]
    assert close["pressed"] == ["chr1:1,001-1,300", "where most contribution lies"]
    for view, locus in zip((first, second), LOCI, strict=True):
        assert within(view["shown"], locus.chrom, locus.start, locus.end) > 250
    assert 50 < within(close["shown"], "chr1", 1100, 1200) <= 100


def within(shown, chrom, start, end):
    """Base pairs that are shown, all within a stretch."""
    name, _, span = shown.partition(":")
    first, last = map(int, span.split("-"))
    assert name == chrom and start < first and last <= end, shown
    return last - first + 1
