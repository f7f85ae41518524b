"""Opening: addresses, servers that are not there, folders that hold nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bailee.engines import Limits
from bailee.engines.spark import names
from bailee.engines.spark.engine import Spark
from bailee.errors import EngineError, EngineUnavailable
from tests.engines.spark.shop import Server, sail


@pytest.mark.parametrize("address", ["", "localhost:15002", "sc://", "http://x", "local[", "sc://a b"])
def test_an_address_that_is_none_is_told_at_once(address: str) -> None:
    """Nothing is started for it."""
    with pytest.raises(EngineUnavailable, match="is no address of Spark"):
        Spark(address)


def test_a_folder_without_parquet_is_named(sail_server: Server, tmp_path: Path) -> None:
    """The table and its folder are told, since they are the company's own settings."""
    with (
        sail_server.open({"orders": str(tmp_path / "nowhere")}) as engine,
        pytest.raises(EngineUnavailable, match=r"`orders`.*nowhere"),
    ):
        engine.catalog()


def test_a_server_that_went_away_is_told_and_its_session_not_used_again() -> None:
    """A question on a server that stopped is an error of the engine, in bounded time."""
    server, stop = sail()
    with server.open({}, Limits(seconds=3)) as engine:
        assert 1 == engine.ask([], "SELECT 1 AS one", allow={}).rows
        stop()
        began = time.monotonic()
        with pytest.raises(EngineError):
            engine.ask([], "SELECT 1 AS one", allow={})
        assert time.monotonic() - began < 12


def test_names_in_trusted_sql_are_translated_by_token() -> None:
    """Names in quotes, literals, longer names and qualifiers each keep their meaning."""
    meanings = {("default", "orders"): "folder_1", ("allow_p",): "allow_2"}
    sql = (
        "SELECT a.x, '`default`.`orders` it\\'s allow_p', \"allow_p\" FROM `default`.`orders` o JOIN default . orders "
        "JOIN allow_p ON allow_p.subject = o.allow_p JOIN `Allow_P` b JOIN other.orders"
    )
    expected = (
        "SELECT a.x, '`default`.`orders` it\\'s allow_p', \"allow_p\" FROM `folder_1` o JOIN default . orders "
        "JOIN `allow_2` ON `allow_2`.subject = o.allow_p JOIN `allow_2` b JOIN other.orders"
    )
    assert expected == names.translate(sql, meanings)
