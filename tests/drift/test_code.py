"""Metrics that code defines by hand: found under any import, read without being run, and told as they are exposed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from truegauge_generator.commands.explain import codes
from truegauge_generator.drift.code import findings
from truegauge_generator.drift.definitions import DEFAULT_BUCKETS, KINDS, definitions
from truegauge_spec import Source, Spec, build

SPEC = """\
system: shop
summary: A shop
owner: web
metrics:
  shop_orders_total: {type: counter, help: Orders, labels: {kind: [a, b], site: [x]}, measure: app}
  shop_failed: {type: counter, help: Failed, measure: app}
  shop_queue: {type: gauge, help: Waiting, measure: app}
  shop_page_seconds: {type: histogram, unit: s, help: Pages, buckets: [0.1, 0.25, 1], measure: app}
  shop_version_info: {type: gauge, help: Version, measure: app}
  shop_state: {type: gauge, help: State, labels: {shop_state: [on, off]}, measure: app}
waive:
  no_alert: these are metrics only
  counter_total: a counter that prometheus_client cannot expose
"""


@pytest.fixture(scope="module")
def spec() -> Spec:
    return build([Source("shop.yaml", SPEC)])


def said(spec: Spec, folder: Path, code: str) -> list[str]:
    """What is found in one file, without its folder."""
    (folder / "app.py").write_text(code)
    return [str(problem).removeprefix(f"{folder}/") for problem in findings(spec, str(folder)).problems]


@pytest.mark.parametrize(
    "code",
    [
        "from prometheus_client import Gauge\nx = Gauge('shop_new', 'X')",
        "from prometheus_client import Gauge as G\nx = G('shop_new', 'X')",
        "from prometheus_client import *\nx = Gauge('shop_new', 'X')",
        "import prometheus_client\nx = prometheus_client.Gauge('shop_new', 'X')",
        "import prometheus_client as pc\nx = pc.Gauge('shop_new', 'X')",
        "import prometheus_client as pc\nx = pc.metrics.Gauge('shop_new', 'X')",
        "import prometheus_client.metrics\nx = prometheus_client.metrics.Gauge('shop_new', 'X')",
        "import prometheus_client.metrics as m\nx = m.Gauge('shop_new', 'X')",
        "from prometheus_client import metrics\nx = metrics.Gauge('shop_new', 'X')",
        "from prometheus_client.core import GaugeMetricFamily\nx = GaugeMetricFamily('shop_new', 'X', value=1)",
        "from prometheus_client.metrics_core import GaugeMetricFamily as F\ndef f():\n    yield F('shop_new', 'X')",
        "try:\n    from prometheus_client import Gauge\nexcept ImportError:\n    raise\nx = Gauge('shop_new', 'X')",
        "import prometheus_client as pc\nMake = pc.Gauge\nx = Make('shop_new', 'X')",
        "from prometheus_client import Gauge\nNAME = 'shop_new'\nx = Gauge(NAME, 'X')",
        "from prometheus_client import Gauge\nPREFIX = 'shop'\nx = Gauge(f'{PREFIX}_new', 'X')",
        "from prometheus_client import Gauge\nPREFIX = 'shop_'\nx = Gauge(PREFIX + 'new', 'X')",
        "from prometheus_client import Gauge\nx = Gauge(documentation='X', name='shop_new')",
        "from prometheus_client import Gauge\nx = Gauge('new', 'X', (), 'shop')",
        "from prometheus_client import Gauge\nx = Gauge('new', 'X', subsystem='shop')",
        "from prometheus_client import Gauge\nclass App:\n    def set(self):\n        self.x = Gauge('shop_new', 'X')",
        "def start():\n    from prometheus_client import Gauge\n    return Gauge('shop_new', 'X')",
    ],
)
def test_a_metric_that_the_spec_does_not_have_is_found_under_any_import(code: str, spec: Spec, tmp_path: Path) -> None:
    (problem,) = said(spec, tmp_path, code)
    assert "the spec has no metric shop_new" in problem
    assert problem.endswith("[code_undeclared]")


def test_the_place_is_that_of_the_call(spec: Spec, tmp_path: Path) -> None:
    code = "from prometheus_client import Counter\n\n\ndef f() -> None:\n    x = 1; y = Counter('shop_order', 'X')\n"
    (problem,) = said(spec, tmp_path, code)
    assert problem == (
        "app.py:5:16: the spec has no metric shop_order_total; did you mean 'shop_orders_total'?; "
        "declare it, and call the function that is rendered for it [code_undeclared]"
    )


@pytest.mark.parametrize(
    ("call", "differences"),
    [
        ("Counter('shop_orders', 'Orders', ['site', 'kind'])", ""),
        ("Counter('shop_orders_total', 'Orders', ('kind', 'site'))", ""),
        ("Histogram('shop_page', 'Pages', unit='seconds', buckets=[.1, .25, 1, float('inf')])", ""),
        ("Histogram('shop_page_seconds', 'Pages', buckets=(0.1, 0.25, 1.0, math.inf))", ""),
        ("Info('shop_version', 'Version')", ""),
        ("Enum('shop_state', 'State', states=['on', 'off'])", ""),
        ("GaugeMetricFamily('shop_queue', 'Waiting', labels=[])", ""),
        ("Gauge('shop_queue', TEXT, labelnames=NAMES())", ""),
        ("Summary('shop_queue', 'Waiting')", "the type gauge, and is a summary here"),
        ("Gauge('shop_queue', 'Waiting', ['kind'])", "no label, and has the labels kind here"),
        ("Gauge('shop_queue', 'Queue')", "the help 'Waiting', and has 'Queue' here"),
        ("Counter('shop_orders', 'Orders', ['kind'])", "the labels kind, site, and has the labels kind here"),
        ("Counter('shop_orders', 'Orders')", "the labels kind, site, and has no label here"),
        (
            "Histogram('shop_page_seconds', 'Pages', buckets=[1, 2])",
            "the buckets 0.1, 0.25, 1, and has 1, 2 here",
        ),
        (
            "Histogram('shop_page_seconds', 'Pages')",
            f"the buckets 0.1, 0.25, 1, and has {', '.join(f'{bound:g}' for bound in DEFAULT_BUCKETS)} here",
        ),
        (
            "Gauge('shop_page_seconds', 'Page')",
            "the type histogram, and is a gauge here; the help 'Pages', and has 'Page' here",
        ),
    ],
)
def test_what_is_declared_otherwise_is_told(call: str, differences: str, spec: Spec, tmp_path: Path) -> None:
    code = f"import math\nfrom prometheus_client import *\nfrom prometheus_client.core import *\nx = {call}\n"
    found = said(spec, tmp_path, code)
    name = call.partition("'")[2].partition("'")[0].removesuffix("_total")
    name += "_total" if call.startswith("Counter") else ""
    assert found == ([f"app.py:4:5: {name} is declared with {differences} [code_differs]"] if differences else [])


def test_a_counter_that_prometheus_client_renames_is_told_apart(spec: Spec, tmp_path: Path) -> None:
    (problem,) = said(spec, tmp_path, "from prometheus_client import Counter\nx = Counter('shop_failed', 'Failed')\n")
    assert "the spec has no metric shop_failed_total" in problem
    assert "prometheus_client does not expose shop_failed under its own name" in problem


@pytest.mark.parametrize(
    "code",
    [
        "def make(name):\n    return Gauge(name, 'X')",
        "import os\nx = Gauge(os.environ['NAME'], 'X')",
        "x = Gauge('shop_{}'.format('new'), 'X')",
        "NAME = 'a'\nNAME = 'b'\nx = Gauge(NAME, 'X')",
        "x = Gauge(f'shop_{1 + 1}', 'X')",
        "x = Gauge('new', 'X', namespace=which())",
        "x = Gauge(*('shop_new', 'X'))",
        "x = Gauge('new', 'X', **options)",
        "a = b\nb = a\nx = Gauge(a, 'X')",
    ],
)
def test_a_name_that_cannot_be_read_is_a_warning(code: str, spec: Spec, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"from prometheus_client import Gauge\n{code}\n")
    (problem,) = findings(spec, str(tmp_path)).problems
    assert (problem.code, problem.severity) == ("code_unreadable", "warning")


@pytest.mark.parametrize(
    "code",
    [
        "from collections import Counter\nx = Counter('shop_new')",
        "from .metrics import Gauge\nx = Gauge('shop_new', 'X')",
        "from prometheus_client import Gauge\ndef f(x: Gauge) -> Gauge:\n    return x",
        "import prometheus_client_other as pc\nx = pc.Gauge('shop_new', 'X')",
        "# from prometheus_client import Gauge; Gauge('shop_new', 'X')",
    ],
)
def test_what_is_no_metric_is_left_alone(code: str, spec: Spec, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(code)
    assert findings(spec, str(tmp_path)) == (1, 0, [])


def test_the_code_is_never_run(spec: Spec, tmp_path: Path) -> None:
    code = f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\nraise SystemExit(3)\n"
    assert said(spec, tmp_path, code) == []
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "position"),
    [
        (b"x = 1\ny = (\n", "broken.py:2:5"),
        (b"# coding: nowhere\n", "broken.py:1:1"),
        (b"x = '\xff'\n", "broken.py:1"),
        (b"x = 1\x00\n", "broken.py:1:1"),
        (b"(" * 3000 + b")" * 3000, "broken.py:1:"),
    ],
)
def test_a_file_that_does_not_parse_is_a_problem_at_its_place(
    content: bytes, position: str, spec: Spec, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_bytes(content)
    (problem,) = findings(spec, str(tmp_path)).problems
    assert str(problem).startswith(f"{tmp_path}/{position}")
    assert problem.code == "code_syntax"


def test_a_file_that_cannot_be_opened_is_a_problem_and_the_others_are_read(spec: Spec, tmp_path: Path) -> None:
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "there.py").write_text("from prometheus_client import Gauge\nx = Gauge('shop_new', 'X')\n")
    seen = findings(spec, str(tmp_path))
    assert [problem.code for problem in seen.problems] == ["file_access", "code_undeclared"]


def test_nothing_to_look_at_is_a_failure(spec: Spec, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        (problem,) = findings(spec, str(folder)).problems
        assert (problem.code, problem.severity) == ("no_code", "error")


def test_virtual_environments_and_caches_are_left_out(spec: Spec, tmp_path: Path) -> None:
    text = "from prometheus_client import Gauge\nx = Gauge('shop_new', 'X')\n"
    for folder in ("__pycache__", ".venv", "node_modules", "env", "env/lib/site-packages/some"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "app.py").write_text(text)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(text)
    seen = findings(spec, str(tmp_path))
    assert seen.files == 1
    assert [problem.position.path for problem in seen.problems] == [str(tmp_path / "src" / "app.py")]
    assert findings(spec, str(tmp_path / "src" / "app.py"))[:2] == (1, 1)


def test_the_generated_exporter_has_nothing_by_hand(spec: Spec, root: Path) -> None:
    seen = findings(spec, str(root / "exporter"))
    assert seen.files > 20
    assert seen.problems == []


def test_every_code_is_explained(spec: Spec) -> None:
    assert {"no_code", "code_syntax", "code_undeclared", "code_differs", "code_unreadable"} <= set(codes())


NAMES = st.sampled_from(["orders", "orders_total", "page_seconds", "x_seconds_total"])
PARTS = st.sampled_from(["", "shop", "web_total"])


@given(
    kind=st.sampled_from(["Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"]),
    name=NAMES,
    namespace=PARTS,
    subsystem=PARTS,
    unit=st.sampled_from(["", "seconds", "total"]),
)
def test_names_types_and_labels_are_those_that_prometheus_client_exposes(
    kind: str, name: str, namespace: str, subsystem: str, unit: str
) -> None:
    unit = "" if kind in ("Info", "Enum") else unit
    states = ", states=['on']" if kind == "Enum" else ""
    code = f"import prometheus_client\nprometheus_client.{kind}({name!r}, 'X', ['kind'], {namespace!r}, {subsystem!r}, "
    code += f"unit={unit!r}, registry=registry{states}).labels('a')"
    registry = CollectorRegistry()
    exec(code, {"registry": registry})  # noqa: S102 - the lines above
    (found,) = definitions(ast.parse(code))
    head = next(line for line in generate_latest(registry).decode().splitlines() if line.startswith("# TYPE"))
    assert head == f"# TYPE {found.name} {found.type}"
    assert found.labels == (("kind", found.name) if kind == "Enum" else ("kind",))


def test_the_table_has_every_class_of_prometheus_client_that_defines_a_metric() -> None:
    from prometheus_client import core, metrics

    own = {
        name
        for module in (core, metrics)
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, (metrics.MetricWrapperBase, core.Metric))
    }
    assert own - {"Metric", "MetricWrapperBase"} == set(KINDS)
    assert (*DEFAULT_BUCKETS, float("inf")) == Histogram.DEFAULT_BUCKETS
