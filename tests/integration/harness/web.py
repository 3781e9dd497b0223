# SPDX-License-Identifier: MIT
"""Whoever asks an HTTP listener named "web", and reads the metrics that it tells."""

import http.client
import re

from harness.client import PATIENCE

OPENMETRICS = "application/openmetrics-text"


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode()


def ask(one, path, method="GET", connection=None, **headers):
    mine = connection or http.client.HTTPConnection(*one.address("web"), timeout=PATIENCE)
    try:
        mine.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(mine.getresponse())
    finally:
        if connection is None:
            mine.close()


# --- a parser that is stricter than Prometheus' own

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (\S+)( # .*)?')
EXEMPLAR = re.compile(r' # \{trace_id="[0-9a-f]{32}",span_id="[0-9a-f]{16}"\} (\S+) \d+\.\d{3}')
OF_HISTOGRAMS = ("_bucket", "_sum", "_count")


def samples(text, openmetrics=False):
    """{name: {labels: value}}; every rule of the format holds."""
    assert text.endswith("# EOF\n") == openmetrics
    families, current, found = {}, None, {}
    lines = text.removesuffix("# EOF\n").splitlines()
    for line in lines:
        if line.startswith("# HELP "):
            current = line.split()[2]
            assert current not in families, f"{current} twice"
            assert len(line.split(" ", 3)[3]) > 3
        elif line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name == current and kind in ("counter", "gauge", "info", "histogram")
            families[current] = kind
        else:
            name, labels, value, exemplar = SAMPLE.fullmatch(line).groups()
            kind = families[current]
            suffix = {"counter": "_total", "info": "_info"}.get(kind, "") if openmetrics else ""
            if kind == "histogram":
                assert name.removeprefix(current) in OF_HISTOGRAMS, (name, current)
            else:
                assert name == current + suffix, (name, current)
            if exemplar:
                assert openmetrics and name.endswith("_bucket")
                bound = float(re.search('le="([^"]+)"', labels)[1])
                assert 0 < float(EXEMPLAR.fullmatch(exemplar)[1]) <= bound
            assert kind != "counter" or name.endswith("_total")
            assert labels not in found.setdefault(name, {}), f"{line} twice"
            found[name][labels] = float(value)
    return found
