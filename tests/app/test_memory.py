"""What the server loads, and that tables reach the browser the same. In processes of their own: imports stay."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOAD = "from basketwatch.memory import load_pandas; load_pandas(); import sys; import pandas as pd\n"
FRAME = "frame = pd.DataFrame({'name': ['中际旭创', None], 'last': [1.5, float('nan')]}).astype({'name': 'str'})\n"
SENT = "from streamlit.dataframe_util import convert_pandas_df_to_arrow_bytes as arrow\nimport pyarrow as pa\n"
SHOW = "print(pa.ipc.open_stream(arrow(frame)).read_all().to_pydict())\n"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_the_server_loads_pandas_without_pyarrow() -> None:
    """Also a second time, and pyarrow can be imported afterwards."""
    assert run(f"{LOAD}load_pandas(); print('pyarrow' in sys.modules); import pyarrow; print(pyarrow.lib is None)") == (
        "False\nFalse"
    )


def test_the_picture_is_computed_without_pyarrow() -> None:
    modules = "import basketwatch.analysis.snapshot, basketwatch.views.today\n"
    assert run(f"{LOAD}{modules}print([m for m in sys.modules if m.startswith('pyarrow')])") == "[]"


@pytest.mark.parametrize("load", [LOAD, "import pandas as pd\n"], ids=["without", "with"])
def test_a_table_is_sent_the_same_either_way(load: str) -> None:
    assert run(load + FRAME + SENT + SHOW) == "{'name': ['中际旭创', None], 'last': [1.5, None]}"
