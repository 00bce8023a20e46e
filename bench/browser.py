"""Opens pages in headless Chromium. Without a browser, tests fail; they are not skipped."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_S = 60.0
_EVERY_S = 0.02


def found(names: tuple[str, ...]) -> str:
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise AssertionError(
        f"none of {', '.join(names)} is installed: on Debian, apt-get install chromium chromium-driver"
    )


class Page:
    """A drawn page in its own browser."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, path: Path) -> None:
        """Opens `path` from disk and waits until its charts are drawn."""
        self.visit(path.as_uri())

    def visit(self, url: str) -> None:
        """Like `open`, but from a server on this host."""
        self.driver.get(url)
        self.wait("document.documentElement.dataset.drawn === 'yes'")

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def wait(self, condition: str) -> None:
        """Waits until the script `condition` is true."""
        WebDriverWait(self.driver, PATIENCE_S, _EVERY_S).until(
            lambda driver: driver.execute_script(f"return {condition}"), condition
        )

    def value(self, script: str) -> Any:
        return self.driver.execute_script(f"return {script}")

    def after(self, promise: str) -> Any:
        """The value of the promise that the script returns."""
        return self.driver.execute_async_script(f"const done = arguments[0]; ({promise}).then(done)")

    def complaints(self) -> list[str]:
        """Everything in the browser's console, network failures included."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """Chromium with a fresh `profile` folder, which can reach only this host."""
    options = webdriver.ChromeOptions()
    options.binary_location = found(BROWSERS)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(found(("chromedriver",))))
    driver.set_script_timeout(PATIENCE_S)
    try:
        yield Page(driver)
    finally:
        driver.quit()


def pictures(page: Path, wanted: Mapping[str, Path]) -> None:
    """Takes a picture of the panel of each chart in `wanted`, which names the file for each chart's id."""
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as window:
        window.resize(1180, 1200)
        window.open(page)
        for name, picture in wanted.items():
            panel = window.driver.find_element("css selector", f"section:has(#{name})")
            picture.write_bytes(panel.screenshot_as_png)
            print(f"{picture}: {picture.stat().st_size:,} bytes")
