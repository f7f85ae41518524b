"""A session of our own on a Spark server, locked: classic in this process with a JVM beside it, or Spark Connect.

Nobody else's settings or temporary views are in it. What a server does not let us lock shows in the trial of `fence`.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
import threading
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bailee.engines import Limits
from bailee.errors import EngineUnavailable

_REMOTE = re.compile(r"sc://[^\s]+")
_MASTER = re.compile(r"local(\[[\d*]+(,\d+)?\])?|yarn|(spark|k8s)://[^\s]+")
_SPARE = 64 << 20
_FAREWELL_SECONDS = 2.0

#: Settings of the session that decide what SQL means, and what it can reach.
LOCKED = {
    "spark.sql.variable.substitute": "false",
    "spark.sql.runSQLOnFiles": "false",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.legacy.ctePrecedencePolicy": "CORRECTED",
    "spark.sql.caseSensitive": "false",
    "spark.sql.session.timeZone": "UTC",
    # Nothing of a parse may be left out of what `plans` reads.
    "spark.sql.debug.maxToStringFields": "1000000",
    "spark.sql.maxPlanStringLength": "100000000",
    # An answer is cut at its limit of rows: sort by ranges rather than hold a million rows in every task.
    "spark.sql.execution.topKSortFallbackThreshold": "20000",
}

_QUIET = """
appender.none.type = Null
appender.none.name = none
rootLogger.level = off
rootLogger.appenderRef.none.ref = none
"""

#: The driver's own loggers, which write whole error messages to standard error.
_TALKERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")

_NO_DRIVER = (
    "Spark's driver is not installed; install `bailee[spark]` for a server (`sc://...`), or `bailee[spark-classic]` to "
    "start Spark from here"
)


class Texts:
    """Texts that are remembered, the last so many."""

    def __init__(self, most: int = 1_000) -> None:
        self._most, self._texts = most, dict[str, None]()

    def __contains__(self, text: str) -> bool:
        return text in self._texts

    def add(self, text: str) -> None:
        """Remember one more, and forget the oldest."""
        self._texts[text] = None
        if len(self._texts) > self._most:
            del self._texts[next(iter(self._texts))]


class Session:
    """A locked session; `spark` is the driver's object, `remote` whether it speaks Spark Connect.

    `folder` is where a JVM that we started keeps its files, and goes with it.
    """

    def __init__(self, spark: Any, *, url: str | None = None, owned: bool = False, folder: str | None = None) -> None:
        self.spark, self.remote, self._url, self._owned, self._folder = spark, url is not None, url, owned, folder
        #: What was found to be one query.
        self.queries = Texts()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a server's opinions of our settings
            for name, value in LOCKED.items():
                spark.conf.set(name, value)

    def sql(self, text: str) -> Any:
        """A DataFrame of `text`; anything but a query is carried out at once."""
        return self.spark.sql(text)

    def view(self, name: str, select: str) -> None:
        """Make a temporary view of the session."""
        self.sql(f"CREATE OR REPLACE TEMPORARY VIEW `{name}` AS {select}")

    def give(self, name: str, table: Any, *, broadcast: bool = False) -> None:
        """Make a temporary view of an Arrow table, which the server keeps."""
        from pyspark.sql.pandas.types import from_arrow_schema

        # Of a table without rows the client would guess the columns, and cannot.
        schema = None if table.num_rows else from_arrow_schema(table.schema)
        frame = self.spark.createDataFrame(table, schema)
        (frame.hint("broadcast") if broadcast else frame).createOrReplaceTempView(name)

    def drop(self, name: str) -> None:
        """Forget a temporary view, if it is there."""
        self.spark.catalog.dropTempView(name)

    def interrupt(self) -> None:
        """Stop whatever this session runs."""
        self.spark.interruptAll()

    def beside(self) -> Session:
        """Another session on the same server, without any view."""
        if self._url is not None:
            return _connect(self._url)
        return Session(self.spark.newSession())

    def close(self) -> None:
        """End the session, and the JVM where we started it; what the server does not answer is left to it."""
        try:
            if self.remote:
                # The driver waits for operations that were interrupted and are known no more.
                ending = threading.Thread(target=_take_leave, args=(self.spark,), daemon=True)
                ending.start()
                ending.join(_FAREWELL_SECONDS)
            elif self._owned:
                _end_jvm(self.spark)
        except Exception:  # the server has gone, so there is nothing left to end
            return
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)


def check(address: str) -> None:
    """Raise `EngineUnavailable` unless `address` is one of a server or a master."""
    if not (_REMOTE.fullmatch(address) or _MASTER.fullmatch(address)):
        raise EngineUnavailable(
            f"`{address}` is no address of Spark; expected `sc://host:port` for Spark Connect, or a master such as "
            "`local[2]`, `yarn` or `spark://host:port`"
        )


def opened(address: str, limits: Limits, settings: Mapping[str, str]) -> Session:
    """A new locked session at `address`; raises `EngineUnavailable` where the driver or the server is missing."""
    for talker in _TALKERS:
        logging.getLogger(talker).disabled = True
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support", category=FutureWarning)
    try:
        if _REMOTE.fullmatch(address):
            return _connect(address)
        return _classic(address, limits, settings)
    except ImportError:
        raise EngineUnavailable(_NO_DRIVER) from None
    except EngineUnavailable:
        raise
    except Exception as error:
        raise EngineUnavailable(_unopened(address, error)) from None


def _unopened(address: str, error: Exception) -> str:
    if "JAVA" in str(error):
        return (
            "no Java was found, which Spark needs to start here; install Java 17, or name a server (`sc://host:port`)"
        )
    where = re.sub(r"(token|password)=[^;]*", r"\1=...", address)
    return f"Spark at `{where}` cannot be reached ({type(error).__name__}); start it, or name another in `bailee.toml`"


def _connect(url: str) -> Session:
    from pyspark.sql.connect.session import SparkSession

    return Session(SparkSession.builder.remote(url).create(), url=url)


def _classic(master: str, limits: Limits, settings: Mapping[str, str]) -> Session:
    from pyspark.sql import SparkSession

    if not hasattr(SparkSession, "_instantiatedSession"):
        raise ImportError
    owned = SparkSession._instantiatedSession is None
    folder = tempfile.mkdtemp(prefix="bailee-spark-")
    builder = SparkSession.builder.master(master).appName("bailee")
    for name, value in {**_started(master, limits, folder), **settings}.items():
        builder = builder.config(name, value)
    root = builder.getOrCreate()
    if owned:
        root.sparkContext.setLogLevel("OFF")  # its messages quote values
    return Session(root.newSession(), owned=owned, folder=folder)


def _started(master: str, limits: Limits, folder: str) -> dict[str, str]:
    """Settings of a JVM that we start; it writes nowhere but in `folder`."""
    quiet = Path(folder) / "log4j2.properties"
    quiet.write_text(_QUIET, encoding="utf-8")
    own = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": str(Path(folder) / "warehouse"),
        "spark.local.dir": folder,
        "spark.driver.maxResultSize": str(limits.answer_bytes + _SPARE),
    }
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        own |= {
            "spark.driver.memory": f"{limits.memory_bytes >> 20}m",
            "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet} -Djava.io.tmpdir={folder}",
            "spark.sql.shuffle.partitions": "8",
        }
    return own


def _take_leave(spark: Any) -> None:
    """Release a session on its server, asking once.

    The driver's own way asks a server that has gone for many minutes, and holds a lock meanwhile without which no other
    session of this process can begin.
    """
    spark.client.set_retry_policies([])
    with suppress(Exception):  # the server has gone, and the session with it
        spark.client.release_session()
    spark.release_session_on_close = False
    spark.stop()


def _end_jvm(spark: Any) -> None:
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    spark.stop()
    if gateway is not None:
        SparkContext._gateway = SparkContext._jvm = None
        gateway.shutdown()
        if gateway.proc.stdin is not None:
            gateway.proc.stdin.close()  # the JVM ends when its standard input does
        gateway.proc.wait(timeout=20)
