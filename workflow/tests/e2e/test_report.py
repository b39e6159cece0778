"""The report of a run in a real browser, opened as a file and without a network."""

import re

import pytest
from chromium import CHROMIUM, in_chromium

# a page within the page can't be looked into, but tells of its own errors on the console
LISTEN = """<script>
  const wrong = []
  console.error = (...words) => wrong.push(words.join(" "))
  addEventListener("error", (e) => wrong.push(e.message || e.target.outerHTML), true)
  addEventListener("unhandledrejection", (event) => wrong.push(String(event.reason)))
</script>"""
# after the page: open every folder as a reader does, and every figure and page in it
LOOK = """<script>
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  const links = (text) => [...document.querySelectorAll("#app li a")]
    .filter((link) => link.textContent === text)
  // those of the menu, not of the landing page's table
  const rows = () => document.querySelectorAll("#app table.table-auto tbody tr")
  async function click(element) { element.click(); await pause(20) }

  async function drawn() {
    for (let i = 0; i < 100; i++) {
      const picture = document.querySelector("#app img[src^='data:image']:not(.h-4)")
      if (app.state.content === "html") return !!document.querySelector("#app iframe")
      if (picture && picture.complete) return picture.naturalWidth > 10
      await pause(50)
    }
    return false
  }

  async function open(category, folder, opened) {
    app.setView({navbarMode: "menu"})
    await pause(20)
    await click(links(category)[0])
    if (Object.keys(categories[category]).length > 1) await click(links(folder)[0])
    const switches = [...document.querySelectorAll("#app fieldset")]
    for (const place of switches.length ? [0, 1] : [0]) {
      for (const one of switches) await click(one.querySelectorAll("input")[place])
      const many = rows().length
      for (let row = 0; row < many; row++) {
        const button = rows()[row].querySelector("a")
        if (button.hasAttribute("download")) continue
        await click(button)
        opened[app.state.resultPath] = await drawn()
      }
    }
    return switches.map((one) => one.firstChild.textContent)
  }

  async function tell() {
    await pause(500)
    const words = document.querySelector("#app .prose")
    const landing = words.textContent, top = words.getBoundingClientRect().top
    const menu = [...document.querySelectorAll("#app li a")].map((link) => link.textContent)
    const opened = {}, switches = {}
    for (const [category, folders] of Object.entries(categories))
      for (const folder of Object.keys(folders))
        switches[category] = await open(category, folder, opened)
    const expected = Object.entries(results)
      .filter(([_, one]) => /^(image|text.html)/.test(one.mime_type)).map(([path, _]) => path)
    const made = document.createElement("pre")
    made.id = "told"
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name)
    made.textContent = JSON.stringify({landing, top, menu, opened, switches, expected, wrong,
      loaded: loaded.map((url) => url.slice(0, 80))})
    document.getElementById("app").remove()
    document.body.replaceChildren(made)
  }
  tell().catch((error) => { document.body.innerHTML =
    `<pre id="told">${JSON.stringify({wrong: [String(error)]})}</pre>` })
</script>"""


@pytest.fixture(scope="module")
def report(finished):
    if not CHROMIUM:
        pytest.skip("chromium is missing")
    project, _ = finished
    return project.path / "results/report.html"


@pytest.fixture(scope="module")
def told(report, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return in_chromium(report, folder, LISTEN, LOOK, "1600,1200", 120)


def test_report_opens_offline_without_complaints(told):
    found, console = told
    assert found["wrong"] == []
    # the style sheet's own remark that it is meant for development
    errors = [line for line in console if "cdn.tailwindcss.com should not" not in line]
    assert errors == []
    assert [url for url in found["loaded"] if not url.startswith(("data:", "blob:"))] == []


def test_every_category_opens_and_every_picture_and_page_is_drawn(told):
    found, _ = told
    assert set(found["opened"]) == set(found["expected"])
    assert len(found["opened"]) > 15
    assert [path for path, drawn in found["opened"].items() if not drawn] == []


def test_menu_is_in_reading_order(told):
    found, _ = told
    results = [entry for entry in found["menu"] if entry[:2].isdigit()]
    assert results == sorted(results)
    assert len(results) == len(found["switches"])
    assert [name.split(". ")[1] for name in results[:3]] == [
        "Summary",
        "Performance",
        "Known sites",
    ]
    assert [name.split(". ")[1] for name in results[-2:]] == ["Quality control", "Methods"]


def test_two_arms_are_a_switch(told):
    found, _ = told
    (attributions,) = [name for name in found["switches"] if name.endswith("Attributions")]
    assert found["switches"][attributions] == ["arm"]


def test_landing_page_tells_the_headlines_and_what_is_left_out(told):
    found, _ = told
    # what is above the window's top can't be scrolled to
    assert found["top"] >= 0
    assert "with prior against without prior" in found["landing"]
    assert re.search(r"DeepSHAP's share in known sites(:| \w+) from", found["landing"])
    assert "Left out: HOMER of SPI1" in found["landing"]


def test_report_is_small(report):
    assert report.stat().st_size < 30e6


def test_run_of_a_target_after_dashes_reports_it(finished):
    project, _ = finished
    (project.path / "results/summary.svg").unlink()
    run = project.snakemake("--", "results/summary.svg")
    assert run.status == 0, run.text
    assert "The report is at" in run.text
